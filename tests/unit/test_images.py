"""The engine image by GPU, driver, CUDA and model."""

from dataclasses import replace
from typing import ClassVar

import pytest

from catalog.images import Image, ImageVariant, KnownTags, ReleaseTrait
from catalog.load import Catalog, load
from catalog.versions import release_in
from planner.images.check import check_image
from planner.images.decide import Host, ImageChoice, plan_image
from planner.images.reference import split
from planner.model.facts import ModelFacts
from settings.diagnostics import Diagnostic
from tests.unit.model_samples import facts

CATALOG = load()
QWEN = facts(min_releases={"vllm": "0.3.0"})


class Known:
    """A catalogue with these images only."""

    image_tags: ClassVar[dict[str, KnownTags]] = {}
    release_traits: ClassVar[dict[str, ReleaseTrait]] = {}

    def __init__(self, *images: Image) -> None:
        self.images = images

    def release(self, image: Image) -> None:
        """Nobody recorded these."""


def image(tag: str, *variants: dict, **changes) -> Image:
    given = {"repository": "docker.io/vllm/vllm-openai", "tag": tag, "role": "engine", "engine": "vllm"}
    built = tuple(ImageVariant.model_validate(variant) for variant in variants)
    return Image.model_validate({**given, "variants": built, "source": "a test", **changes})


def host(gpu: str, driver: int | None = None, **variables: str) -> Host:
    return Host(CATALOG.gpus[gpu], driver, "pools.gpu.driver", variables=variables)


def choose(
    model: ModelFacts,
    engine: str,
    host: Host,
    catalog: Catalog | Known,
    *,
    image: str | None = None,
    cuda: str | None = None,
) -> tuple[ImageChoice | None, list[Diagnostic]]:
    """The image of ``models.chat``, and what stands against it."""
    choice = plan_image(engine, host, catalog, image)  # type: ignore[arg-type]
    return choice, [*check_image("models.chat", model, engine, host, choice, catalog=catalog, cuda=cuda)]  # type: ignore[arg-type]


def chosen(*args, **kwargs) -> tuple[ImageChoice, set[str]]:
    choice, findings = choose(*args, **kwargs)
    assert choice is not None
    return choice, {finding.code for finding in findings}


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("vllm/vllm-openai:v0.29.0", ("vllm/vllm-openai", "v0.29.0", "")),
        ("registry:5000/team/vllm", ("registry:5000/team/vllm", "", "")),
        ("registry:5000/team/vllm:v1@sha256:ab", ("registry:5000/team/vllm", "v1", "sha256:ab")),
        ("ollama", ("ollama", "", "")),
    ],
)
def test_a_reference_is_taken_apart_at_the_right_colon(reference: str, parts: tuple[str, str, str]):
    found = split(reference)
    assert (found.repository, found.tag, found.digest) == parts


def test_versions_are_compared_as_numbers():
    tags = ("v0.8.5", "v0.8.5.post1-cu129", "v0.9.2", "v0.10.0")
    assert sorted(tags, key=release_in, reverse=True) == list(reversed(tags))  # type: ignore[arg-type]


def test_a_tag_without_a_version_has_none():
    assert release_in("nightly-abc") is None


def test_an_unknown_driver_gets_the_build_for_the_older_cuda_and_a_note():
    choice, codes = chosen(QWEN, "vllm", host("A10"), CATALOG)
    assert choice.reference.endswith("-cu129")
    assert codes == {"DRIVER_UNKNOWN"}


def test_a_build_whose_cuda_is_its_own_is_said_so():
    _, (finding,) = choose(QWEN, "ollama", host("A10"), CATALOG)
    assert "an image with a CUDA of its own was taken, which needs driver" in finding.message


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, ("note", "asked")),
        ({"there": True}, ("warning", "always")),
        ({"documented": "CUDA 11.4"}, ("warning", "always")),
    ],
)
def test_an_unknown_driver_is_for_who_can_look_at_a_node_or_has_cause_to_doubt(known, said):
    _, findings = choose(QWEN, "vllm", replace(host("A10"), **known), CATALOG)
    assert [(each.severity, each.when) for each in findings] == [said]


def test_a_driver_of_580_gets_the_cuda_13_build():
    choice, codes = chosen(QWEN, "vllm", host("A10", 580), CATALOG)
    assert choice.reference == f"docker.io/vllm/vllm-openai:{choice.reference.rpartition(':')[2]}"
    assert "-" not in choice.reference.rpartition(":")[2]
    assert codes == set()


def test_a_driver_of_550_gets_the_cuda_12_build_without_a_word():
    choice, codes = chosen(QWEN, "vllm", host("A10", 550), CATALOG)
    assert choice.reference.endswith("-cu129")
    assert codes == set()


def test_a_driver_older_than_every_build_is_refused():
    _, findings = choose(QWEN, "vllm", host("A10", 450), CATALOG)
    (finding,) = findings
    assert (finding.severity, finding.code, finding.path) == ("error", "DRIVER_TOO_OLD", "pools.gpu.driver")


def test_a_driver_that_no_build_takes_has_no_fix_as_data_for_it_says_what_is_there():
    _, findings = choose(QWEN, "vllm", host("A10", 450), CATALOG)
    assert findings[0].fix == ()
    assert findings[0].remedy == "Upgrade the driver of the nodes to branch 535."


def test_a_driver_that_an_older_release_takes_is_refused_with_that_release():
    known = Known(
        image("v0.30.0", {"cuda": "13.0", "min_driver": 580}, default=True),
        image("v0.10.0", {"cuda": "12.4", "min_driver": 525}),
    )
    _, findings = choose(QWEN, "vllm", host("A10", 550), known)  # type: ignore[arg-type]
    assert findings[0].fix == (("models.chat.image", "docker.io/vllm/vllm-openai:v0.10.0"),)


@pytest.mark.parametrize(
    ("gpu", "driver", "reference", "severity"),
    [
        ("V100-32", 530, None, "error"),
        ("V100-32", 535, None, None),
        ("V100-32", 550, None, None),
        ("A10", 545, "docker.io/vllm/vllm-openai:v0.29.0-cu129", "error"),
        ("A10", 560, "docker.io/vllm/vllm-openai:v0.29.0-cu129", None),
        ("A10", 590, "docker.io/vllm/vllm-openai:v0.29.0-cu129", None),
        ("A10", 555, "docker.io/vllm/vllm-openai:v0.11.0", "warning"),
    ],
)
def test_a_driver_of_a_branch_that_the_image_does_not_name_does_not_start_it(
    gpu: str, driver: int, reference: str | None, severity: str | None
):
    """vllm issue 5635: driver 530 and "cuda>=12.4", unsatisfied condition; NVIDIA_REQUIRE_CUDA names 470, 525, 535."""
    _, found = choose(QWEN, "vllm", host(gpu, driver), CATALOG, image=reference)
    refused = [each for each in found if each.code == "DRIVER_BRANCH_REFUSED"]
    assert [each.severity for each in refused] == ([severity] if severity else [])


def test_what_a_release_has_goes_by_the_tag_though_nobody_recorded_its_arguments():
    """vLLM PR 31914 (streams from 0.15 on), PR 43529 (bitsandbytes until 0.28), PR 29901 (Turing from 0.14 on)."""
    between, older, later = (
        chosen(QWEN, "vllm", host("T4", 580), CATALOG, image=f"vllm/vllm-openai:{tag}")[0].flags
        for tag in ("v0.16.0", "v0.13.0", "v0.28.0")
    )
    assert {"fp8-streams", "marlin-on-turing", "bitsandbytes"} <= between
    assert "fp8-doubles" in older
    assert not {"fp8-streams", "marlin-on-turing"} & older
    assert "bitsandbytes" not in later


def test_a_driver_floor_that_nobody_verified_only_warns():
    known = Known(image("v0.30.0", {"cuda": "12.9", "min_driver": 575, "verified": False}, default=True))
    choice, codes = chosen(QWEN, "vllm", host("A10", 550), known)
    assert codes == {"DRIVER_MAY_BE_TOO_OLD"}
    assert choice.reference.endswith("v0.30.0")


def test_a_v100_gets_the_last_release_with_volta_kernels():
    choice, codes = chosen(QWEN, "vllm", host("V100-32", 550), CATALOG)
    assert choice.reference == "docker.io/vllm/vllm-openai:v0.8.5"
    assert codes == {"LEGACY_ENGINE"}


def test_a_model_newer_than_the_v100_s_release_is_refused():
    _, findings = choose(facts(min_releases={"vllm": "0.10.1"}), "vllm", host("V100-32", 550), CATALOG)
    assert "ENGINE_TOO_OLD" in {finding.code for finding in findings if finding.severity == "error"}


def test_a_first_release_that_nobody_verified_only_warns():
    unread = facts(min_releases={"vllm": "0.10.1"}, releases_verified=False)
    _, findings = choose(unread, "vllm", host("V100-32", 550), CATALOG)
    assert {finding.severity for finding in findings} == {"warning"}


def test_a_size_that_nobody_verified_makes_no_first_release_doubtful():
    computed = facts(min_releases={"vllm": "0.10.1"}, verified=False)
    _, findings = choose(computed, "vllm", host("V100-32", 550), CATALOG)
    assert "ENGINE_TOO_OLD" in {finding.code for finding in findings if finding.severity == "error"}


@pytest.mark.parametrize("gpu", ["V100-32", "T4"])
def test_sglang_does_not_run_on_volta_or_turing(gpu: str):
    """sgl-kernel has no kernels for 7.5: SGLang issues 24224 (four T4), 24302 and 38515."""
    choice, findings = choose(QWEN, "sglang", host(gpu), CATALOG)
    assert choice is None
    assert [finding.code for finding in findings] == ["SGLANG_NEEDS_AMPERE"]


def test_vllm_does_not_run_on_pascal_but_ollama_does():
    choice, findings = choose(QWEN, "vllm", host("P40"), CATALOG)
    assert choice is None
    assert [finding.code for finding in findings] == ["ENGINE_UNSUPPORTED_GPU"]
    assert chosen(QWEN, "ollama", host("P40"), CATALOG)[0].reference.startswith("docker.io/ollama/ollama:")


def test_ollama_on_a_machine_without_gpu_asks_for_no_driver():
    assert chosen(QWEN, "ollama", Host(None, None, "pools.cpu.driver"), CATALOG)[1] == set()


@pytest.mark.parametrize("floating", ["vllm/vllm-openai:latest", "vllm/vllm-openai", "vllm/vllm-openai:nightly"])
def test_an_image_that_moves_is_refused(floating: str):
    _, findings = choose(QWEN, "vllm", host("A10", 580), CATALOG, image=floating)
    finding = next(f for f in findings if f.code == "IMAGE_FLOATING")
    assert (finding.severity, finding.fix) == ("error", (("models.chat.image", None),))


def test_a_digest_pins_an_image_without_a_tag():
    digest = "registry.example.com/vllm@sha256:" + "a" * 64
    assert "IMAGE_FLOATING" not in chosen(QWEN, "vllm", host("A10", 580), CATALOG, image=digest)[1]


def test_an_image_of_the_catalogue_is_known_without_its_registry():
    choice, codes = chosen(QWEN, "vllm", host("A10", 550), CATALOG, image="vllm/vllm-openai:v0.8.5")
    assert codes == set()
    assert "enable-reasoning" in choice.flags


def test_an_image_of_the_catalogue_behind_a_mirror_is_known():
    image_ = "mirror.example.com/proxy/vllm/vllm-openai:v0.8.5"
    assert "IMAGE_UNKNOWN" not in chosen(QWEN, "vllm", host("A10", 550), CATALOG, image=image_)[1]


def test_an_unknown_release_has_the_flags_of_the_nearest_older_one():
    choice, codes = chosen(QWEN, "vllm", host("A10", 550), CATALOG, image="me/vllm:v0.9.9", cuda="12.8")
    assert codes == {"IMAGE_UNKNOWN"}
    assert "disable-log-requests" in choice.flags
    assert "safetensors-load-strategy" not in choice.flags


def test_an_image_without_a_version_has_only_the_flags_of_all_releases():
    known = Known(image("v2.0.0", {}, flags=("a", "b"), default=True), image("v1.0.0", {}, flags=("b", "c")))
    assert chosen(QWEN, "vllm", host("A10", 550), known, image="me/vllm:mine")[0].flags == {"b"}


def test_a_release_older_than_all_has_the_flags_of_the_oldest():
    known = Known(image("v2.0.0", {}, flags=("a",), default=True), image("v1.0.0", {}, flags=("b",)))
    assert chosen(QWEN, "vllm", host("A10", 550), known, image="me/vllm:v0.5.0")[0].flags == {"b"}


def test_an_own_image_whose_cuda_needs_a_newer_driver_is_refused():
    _, findings = choose(QWEN, "vllm", host("A10", 550), CATALOG, image="me/vllm:v0.29.0", cuda="13.0")
    finding = next(f for f in findings if f.code == "DRIVER_TOO_OLD")
    assert (finding.path, finding.fix) == ("models.chat.image", (("models.chat.image", None),))


def test_a_cuda_of_the_same_series_is_judged_like_its_sisters():
    _, findings = choose(QWEN, "vllm", host("A10", 550), CATALOG, image="me/vllm:v0.29.0", cuda="13.1")
    assert "DRIVER_TOO_OLD" in {f.code for f in findings}


def test_an_own_image_without_a_stated_cuda_is_not_judged():
    assert "CUDA_NOT_STATED" in chosen(QWEN, "vllm", host("A10", 550), CATALOG, image="me/vllm:v0.29.1")[1]


def test_a_cuda_without_an_own_image_has_no_effect_and_says_so():
    assert "CUDA_IGNORED" in chosen(QWEN, "vllm", host("A10", 550), CATALOG, cuda="12.9")[1]


def test_a_new_release_on_a_v100_is_refused():
    _, findings = choose(QWEN, "vllm", host("V100-32", 580), CATALOG, image="vllm/vllm-openai:v0.29.0")
    finding = next(f for f in findings if f.code == "IMAGE_DROPS_GPU")
    assert (finding.severity, finding.fix) == ("error", (("models.chat.image", None),))


def test_a_cuda_13_image_on_an_unknown_driver_is_doubted_with_its_cuda_12_build():
    _, findings = choose(QWEN, "vllm", host("A10"), CATALOG, image="vllm/vllm-openai:v0.29.0")
    finding = next(f for f in findings if f.code == "DRIVER_UNKNOWN")
    assert finding.fix == (("models.chat.image", "docker.io/vllm/vllm-openai:v0.29.0-cu129"),)


def test_an_old_image_for_a_new_model_is_refused():
    new = facts(min_releases={"vllm": "0.19.0"})
    _, findings = choose(new, "vllm", host("A10", 580), CATALOG, image="vllm/vllm-openai:v0.14.1")
    finding = next(f for f in findings if f.code == "ENGINE_TOO_OLD")
    assert (finding.path, finding.fix) == ("models.chat.image", (("models.chat.image", None),))


def test_an_image_of_which_no_utilisation_is_known_takes_the_lower_default():
    known = Known(image("v0.30.0", {}, default=True))
    assert chosen(QWEN, "vllm", host("A10", 580), known)[0].utilization == 0.90


VLLM, SGLANG, OLLAMA = "vllm/vllm-openai", "lmsysorg/sglang", "ollama/ollama"
PR_39878 = "https://github.com/vllm-project/vllm/pull/39878"  # CUDA 13 and no Volta from v0.20.0 on
PR_33992 = "https://github.com/vllm-project/vllm/pull/33992"  # A100, driver 575, CUDA 13.0: "driver is too old"
ISSUE_18818 = "https://github.com/vllm-project/vllm/issues/18818"  # v0.9.0 on a TITAN V: minimum 7.5
SGLANG_0_5_11 = "https://github.com/gpustack/gpustack/issues/5285"  # CUDA 13.0 by default
OLLAMA_16895 = "https://github.com/ollama/ollama/pull/16895"  # driver 550 for the CUDA 12 build
OLLAMA_GPU = "https://raw.githubusercontent.com/ollama/ollama/main/docs/gpu.mdx"  # 570 for 5.0 to 6.2
CUDA_COMPAT = "https://docs.nvidia.com/deploy/cuda-compatibility/forward-compatibility.html"
NEWER = "as strict as the newest that is known"
OWN_REGISTRY = "a copy in a registry of one's own"


@pytest.mark.parametrize(
    ("engine", "image_", "gpu", "driver", "code", "severity", "source"),
    [
        # Tags that are published, but not pinned.
        ("vllm", f"{VLLM}:v0.20.0", "V100-32", 580, "IMAGE_DROPS_GPU", "error", PR_39878),
        ("vllm", f"{VLLM}:v0.9.1", "V100-32", 550, "IMAGE_DROPS_GPU", "error", ISSUE_18818),
        ("vllm", f"{VLLM}:v0.28.0", "A10", 535, "DRIVER_TOO_OLD", "error", PR_33992),
        ("vllm", f"{VLLM}:v0.28.0-cu129", "A10", 535, None, None, PR_39878),
        ("vllm", f"{VLLM}:v0.28.0-cu129-ubuntu2404", "A10", 535, None, None, PR_39878),
        ("vllm", f"{VLLM}:v0.13.0", "A10", 535, None, None, PR_39878),
        ("vllm", f"{VLLM}:v0.13.0-cu130", "A10", 525, "DRIVER_TOO_OLD", "error", CUDA_COMPAT),
        ("vllm", f"{VLLM}:v0.7.3", "V100-32", 550, None, None, ISSUE_18818),
        ("sglang", f"{SGLANG}:v0.5.20", "A10", 550, "DRIVER_TOO_OLD", "error", SGLANG_0_5_11),
        ("sglang", f"{SGLANG}:v0.5.13.post1-cu129", "A10", 550, None, None, SGLANG_0_5_11),
        ("sglang", f"{SGLANG}:v0.5.20-cu130-runtime", "A10", 550, "DRIVER_TOO_OLD", "error", SGLANG_0_5_11),
        ("ollama", f"{OLLAMA}:0.40.1", "T4", 535, "DRIVER_TOO_OLD", "error", OLLAMA_16895),
        ("ollama", f"{OLLAMA}:0.21.0", "T4", 535, None, None, OLLAMA_16895),
        ("ollama", f"{OLLAMA}:0.33.3", "P40", 550, "DRIVER_TOO_OLD", "error", OLLAMA_GPU),
        ("ollama", f"{OLLAMA}:0.33.3", "P40", 570, None, None, OLLAMA_GPU),
        ("ollama", f"{OLLAMA}:0.33.3", "T4", 550, None, None, OLLAMA_GPU),
        # Tags between published ones: what both ask for holds, what one alone asks for is doubted.
        ("vllm", f"{VLLM}:v0.25.0", "V100-32", 580, "IMAGE_DROPS_GPU", "error", PR_39878),
        ("vllm", f"{VLLM}:v0.25.0", "A10", 550, "DRIVER_TOO_OLD", "error", PR_33992),
        ("vllm", f"{VLLM}:v0.8.6", "V100-32", 550, "IMAGE_DROPS_GPU", "warning", ISSUE_18818),
        ("vllm", f"{VLLM}:v0.19.9", "A10", 550, "DRIVER_TOO_OLD", "warning", PR_39878),
        ("sglang", f"{SGLANG}:v0.5.14", "A10", 550, "DRIVER_TOO_OLD", "error", SGLANG_0_5_11),
        ("sglang", f"{SGLANG}:v0.5.10", "A10", 550, "DRIVER_TOO_OLD", "warning", SGLANG_0_5_11),
        # Newer ones than all.
        ("vllm", f"{VLLM}:v0.99.0", "V100-32", 580, "IMAGE_DROPS_GPU", "error", NEWER),
        ("vllm", f"{VLLM}:v0.99.0", "A10", 550, "DRIVER_TOO_OLD", "error", NEWER),
        ("vllm", f"{VLLM}:v0.99.0-cu129", "A10", 550, None, None, NEWER),
        ("ollama", f"{OLLAMA}:0.99.0", "P40", 550, "DRIVER_TOO_OLD", "error", NEWER),
        # Mirrors and other registries.
        ("vllm", f"mirror.ccs.tencentyun.com/{VLLM}:v0.25.0", "V100-32", 580, "IMAGE_DROPS_GPU", "error", OWN_REGISTRY),
        ("vllm", "ccr.ccs.tencentyun.com/me/vllm-openai:v0.25.0", "V100-32", 580, "IMAGE_DROPS_GPU", "error",
         OWN_REGISTRY),
        ("sglang", "ccr.ccs.tencentyun.com/me/sglang:v0.5.20", "A10", 550, "DRIVER_TOO_OLD", "warning", OWN_REGISTRY),
        ("vllm", "ccr.ccs.tencentyun.com/me/vllm:v0.25.0", "V100-32", 580, None, None, "anybody's build"),
    ],
)  # fmt: skip
def test_a_tag_that_is_not_pinned_asks_for_what_the_published_ones_beside_it_ask_for(
    engine: str, image_: str, gpu: str, driver: int, code: str | None, severity: str | None, source: str
):
    assert source
    _, findings = choose(QWEN, engine, host(gpu, driver), CATALOG, image=image_)
    about_host = [(each.code, each.severity) for each in findings if each.code in ("IMAGE_DROPS_GPU", "DRIVER_TOO_OLD")]
    assert about_host == ([(code, severity)] if code else [])


def test_a_tag_beside_others_says_which():
    _, findings = choose(QWEN, "vllm", host("V100-32", 580), CATALOG, image="vllm/vllm-openai:v0.25.0")
    finding = next(f for f in findings if f.code == "IMAGE_DROPS_GPU")
    assert "v0.24.0 and v0.26.0" in finding.message


def test_a_copy_of_a_known_image_is_not_asked_for_its_cuda_and_one_that_is_stated_wins():
    image_ = "ccr.ccs.tencentyun.com/me/vllm-openai:v0.25.0"
    assert "CUDA_NOT_STATED" not in chosen(QWEN, "vllm", host("A10", 580), CATALOG, image=image_)[1]
    assert "DRIVER_TOO_OLD" not in chosen(QWEN, "vllm", host("A10", 550), CATALOG, image=image_, cuda="12.9")[1]


@pytest.mark.parametrize(
    ("driver", "switch", "severity"),
    [(535, "1", "warning"), (570, "true", "warning"), (535, "0", "error"), (525, "1", "error"), (560, "1", "error")],
)
def test_an_image_that_is_told_to_use_its_libraries_for_older_drivers_is_doubted_where_it_has_them(
    driver: int, switch: str, severity: str
):
    """NVIDIA_REQUIRE_CUDA of vllm-openai v0.23.0 lists 535, 550, 565, 570 and 575; vLLM PR 33992 (the variable)."""
    given = host("A10", driver, VLLM_ENABLE_CUDA_COMPATIBILITY=switch)
    _, findings = choose(QWEN, "vllm", given, CATALOG, image="vllm/vllm-openai:v0.29.0")
    assert [each.severity for each in findings if each.code.startswith("DRIVER_")] == [severity]


@pytest.mark.parametrize(
    ("engine", "image_", "code"),
    [
        ("sglang", "vllm/vllm-openai:v0.29.0", "IMAGE_OF_ANOTHER_ENGINE"),
        ("vllm", "ollama/ollama:0.33.3", "IMAGE_OF_ANOTHER_ENGINE"),
        ("vllm", "mirror.example.com/hub/lmsysorg/sglang:v0.5.18", "IMAGE_OF_ANOTHER_ENGINE"),
        ("vllm", "openwebui/open-webui:0.12.4", "IMAGE_OF_ANOTHER_ENGINE"),
        ("sglang", "lmsysorg/sglang:v0.5.18-rocm720-mi30x", "IMAGE_FOR_OTHER_HARDWARE"),
        ("vllm", "vllm/vllm-openai:v0.27.1-aarch64", "IMAGE_FOR_OTHER_HARDWARE"),
    ],
)
def test_an_image_that_cannot_hold_the_engine_for_this_machine_is_refused(engine: str, image_: str, code: str):
    _, findings = choose(QWEN, engine, host("A10", 580), CATALOG, image=image_)
    assert [(each.code, each.severity, each.fix) for each in findings] == [
        (code, "error", (("models.chat.image", None),))
    ]
