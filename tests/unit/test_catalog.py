"""The catalogue's data is whole and consistent, and a copy with one fact broken is refused by name."""

import shutil
from pathlib import Path

import pytest
import yaml

from catalog.checks import registry_of
from catalog.load import DATA, Catalog, CatalogError, load
from catalog.models import CatalogModel
from tests.unit.parameters import BITS, parameters, quantised_bytes

TABLES = (
    "release_traits",
    "addons",
    "architectures",
    "attention",
    "charts",
    "metrics",
    "durations",
    "gpus",
    "kubernetes_versions",
    "library",
    "machines",
    "mirrors",
    "model_arguments",
    "models",
    "page_variables",
    "image_tags",
    "regions",
    "scales",
    "reserved",
    "stores",
    "disks",
    "super_gpus",
    "unstaged",
)
BYTES_PER_WEIGHT = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def _replace(root: Path, file: str, old: str, new: str) -> None:
    path = root / file
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r} to break"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_every_entry_of_the_catalogue_is_valid() -> None:
    Catalog().verify()


def test_a_copy_of_the_data_is_as_good_as_the_original(copy: Path) -> None:
    Catalog(copy).verify()


def test_the_files_hold_what_a_yaml_parser_reads_in_one_piece(catalog: Catalog) -> None:
    """Entries are cut out of the text; the cut must agree with YAML."""
    for path in sorted(DATA.rglob("*.yaml")):
        whole = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        names = {str(name) for name in whole}
        tables = [getattr(catalog, table) for table in TABLES]
        known = {name for table in tables for name in table} | {f"{i.repository}:{i.tag}" for i in catalog.images}
        assert names <= known, f"{path.name}: {names - known} is in the file but in no table"


@pytest.mark.parametrize("table", TABLES)
def test_every_entry_names_a_source_that_says_something(catalog: Catalog, table: str) -> None:
    entries = list(getattr(catalog, table).values())
    assert entries
    for entry in entries:
        assert len(entry.source) >= 10 or entry.source == "estimate", f"{table}: {entry!r}"


def test_what_is_not_verified_says_why(catalog: Catalog) -> None:
    for table in ("gpus", "super_gpus", "models"):
        for name, entry in getattr(catalog, table).items():
            assert entry.verified or entry.note, f"{table}: {name}"


def test_the_catalogue_is_as_large_as_promised(catalog: Catalog) -> None:
    assert len(catalog.models) >= 790
    assert sum(model.kind != "chat" for model in catalog.models.values()) >= 40
    assert len(catalog.machines) >= 60
    assert len(catalog.gpus) >= 12
    assert sum(machine.gpus >= 1 for machine in catalog.machines.values()) >= 40
    assert sum(machine.gpus == 0 for machine in catalog.machines.values()) >= 20


def test_weights_weigh_what_their_parameters_say(catalog: Catalog) -> None:
    """Models in fp8 keep the tables of their embeddings in 16 bits, which counts in a small one."""
    for model in catalog.models.values():
        for format_, weights in model.weights.items():
            if model.parameters_b and format_ in BYTES_PER_WEIGHT:
                expected = model.parameters_b * 1e9 * BYTES_PER_WEIGHT[format_] / 2**30
                table = (model.architecture.hidden_size or 0) * (model.architecture.vocab_size or 0) / 2**30
                most = 1.35 * expected + (table if format_ == "fp8" else 0)
                assert 0.85 * expected <= weights.gib <= most, f"{model.id} {format_}: {weights.gib} GiB"


PLAIN_BYTES = {"bf16": 2, "fp16": 2, "fp32": 4}
NOT_COUNTED = {
    "NemotronH": "the widths of Mamba layers are not kept",
    "Qwen3Next": "the widths of linear attention are not kept",
    "Qwen3_5": "the widths of linear attention and of the vision encoder are not kept",
    "Gemma4": "embeddings per layer and layers of two shapes",
    "Gemma3n": "embeddings per layer",
    "Step3p": "layers of two shapes",
    "Mistral3": "the widths of the vision encoder are not kept",
    "MiniMaxText01": "the widths of lightning attention are not kept",
    "MiniMaxM1": "the widths of lightning attention are not kept",
    "Qwen4Exp": "the widths of linear attention and of the vision encoder are not kept",
    "Glm5Next": "an architecture of its own",
    "LongcatFlash": "two attentions a layer",
    "KimiK3": "the widths of linear attention are not kept, and experts work on a narrower state",
    "KimiLinear": "the widths of linear attention are not kept",
    "MiMoV2Omni": "layers of two shapes, and encoders",
    "MiMoV2For": "layers of two shapes",
    "BailingMoeV2_5": "the widths of linear attention are not kept",
    "BailingMoeV3": "the widths of linear attention are not kept",
    "Laguna": "layers of two shapes",
    "MuseGlimmer": "the widths of the vision encoder are not kept",
    "HYV4": "the widths of the index are not kept",
    "DeepseekV41": "the widths of the index are not kept",
    "MiniMaxM3": "the widths of the vision encoder and of the index are not kept",
}
"""Beginnings of the classes whose figures do not give the number of parameters."""
WITH_ENCODER = {
    "Qwen2VL": "vision encoder",
    "Qwen2_5_VL": "vision encoder",
    "Qwen2_5Omni": "encoders of images and speech, and the talker",
    "Qwen3VL": "vision encoder",
    "Glm4v": "vision encoder",
    "Gemma3ForConditional": "vision encoder",
    "InternVL": "vision encoder",
    "InternS1": "vision encoder",
    "Qwen3Omni": "encoders of images and speech, and the talker",
    "KimiVL": "vision encoder",
    "Llama4": "vision encoder",
    "MiniCPMV": "vision encoder and resampler",
    "Phi3V": "vision encoder",
    "Phi4MM": "encoders of images and speech, and their adapters",
}
"""Beginnings of the classes that have more than the text model whose figures are kept: no less than that is held."""


OTHERWISE_QUANTISED = {
    "KimiK25": "experts alone in int4, in groups of 32, and a vision encoder",
    "moonshotai/Kimi-K2-Thinking": "experts alone in int4, in groups of 32",
    "MistralLarge3": "the widths are not kept",
    "DeepseekV4": "experts in fp4, the rest in fp8",
    "nvidia/DeepSeek-": "attention stays in 16 bits, and no layer for prediction is held",
}
"""Beginnings of classes, and of ids, whose quantised weights follow another rule than their format's usual one."""


def _plain(model: CatalogModel) -> float:
    return model.weights[model.format].gib * 2**30 / PLAIN_BYTES[model.format]


def test_plain_weights_hold_the_parameters_of_their_architecture(catalog: Catalog) -> None:
    """Within 3 %. A repository may hold the table of tied embeddings twice."""
    seen: set[str] = set()
    for model in catalog.models.values():
        shape, class_ = model.architecture, model.architecture_class
        exempt = next((known for known in NOT_COUNTED if class_.startswith(known)), None)
        seen |= {exempt} if exempt else set()
        if model.format not in PLAIN_BYTES or exempt:
            continue
        counted = parameters(shape, class_)
        assert counted is not None, f"{model.id}: widths are missing"
        table = (shape.hidden_size or 0) * (shape.vocab_size or 0) if shape.tied_embeddings else 0
        more = next((known for known in WITH_ENCODER if class_.startswith(known)), None)
        seen |= {more} if more else set()
        if more:
            assert _plain(model) > 0.97 * counted, f"{model.id}: less than its text model"
        else:
            near = min((counted, counted + table), key=lambda count: abs(count - _plain(model)))
            assert _plain(model) == pytest.approx(near, rel=0.03), model.id
    assert seen == {*NOT_COUNTED, *WITH_ENCODER}


def test_quantised_weights_weigh_what_their_format_makes_of_the_architecture(catalog: Catalog) -> None:
    """Within 3 %, published sizes and computed ones alike; tied embeddings may be held once more for the output."""
    held = 0
    for model in catalog.models.values():
        shape, class_ = model.architecture, model.architecture_class
        if class_.startswith((*NOT_COUNTED, *WITH_ENCODER, *OTHERWISE_QUANTISED)):
            continue
        if model.id.startswith(tuple(OTHERWISE_QUANTISED)):
            continue
        for format_, weights in model.weights.items():
            if format_ in BITS and "Int8" not in model.id:
                sizes = [
                    quantised_bytes(shape, class_, format_, more) or 0.0
                    for more in (0, 1 if shape.tied_embeddings else 0)
                ]
                near = min(sizes, key=lambda size: abs(size - weights.gib * 2**30))
                assert weights.gib * 2**30 == pytest.approx(near, rel=0.03), f"{model.id} {format_}"
                held += 1
    assert held > 80


NO_FLOAT16 = {
    *("Gemma2ForCausalLM", "Gemma2Model", "Gemma3ForCausalLM", "Gemma3ForConditionalGeneration", "Gemma3TextModel"),
    "Glm4ForCausalLM",
}
"""The classes of the model types gemma2, gemma3, gemma3_text and glm4, for which vLLM 0.29.0 refuses half precision
(config/model.py, _FLOAT16_NOT_SUPPORTED_MODELS)."""


def test_half_precision_is_refused_for_the_classes_that_the_engine_refuses_it_for(catalog: Catalog) -> None:
    assert {m.architecture_class for m in catalog.models.values() if not m.float16} == NO_FLOAT16
    assert not [m.id for m in catalog.models.values() if m.float16 and m.architecture_class in NO_FLOAT16]


def test_no_two_models_differ_by_case_alone(catalog: Catalog) -> None:
    assert len({name.lower() for name in catalog.models}) == len(catalog.models)


def test_every_architecture_is_some_models(catalog: Catalog) -> None:
    assert {model.architecture_id for model in catalog.models.values()} == set(catalog.architectures)


def test_a_computed_size_says_so_and_a_published_one_does_not(catalog: Catalog) -> None:
    for model in catalog.models.values():
        computed = "computed" in model.source or "size as that" in model.source or "size at most" in model.source
        assert computed <= (not model.weights[model.format].verified), model.id


def test_quantised_weights_are_smaller_than_full_ones(catalog: Catalog) -> None:
    for model in catalog.models.values():
        full = model.weights.get("bf16")
        for format_, weights in model.weights.items():
            assert full is None or format_ == "bf16" or weights.gib < full.gib, f"{model.id}: {format_}"


def test_no_gpu_shows_more_memory_than_it_has(catalog: Catalog) -> None:
    for gpu in catalog.gpus.values():
        assert 0.9 * gpu.memory_gb * 1e9 / 2**30 < gpu.usable_gib <= gpu.memory_gb


def test_only_gpus_from_ampere_on_have_bfloat16(catalog: Catalog) -> None:
    for gpu in catalog.gpus.values():
        assert gpu.bf16 == (gpu.compute_capability >= 8.0), gpu.name


def test_every_region_of_a_machine_exists_and_mainland_regions_are_marked(catalog: Catalog) -> None:
    assert catalog.regions["ap-guangzhou"].mainland
    assert not catalog.regions["ap-hongkong"].mainland
    assert {r for m in catalog.machines.values() for r in m.regions} <= set(catalog.regions)


def test_a_model_is_found_by_every_name_it_goes_by(catalog: Catalog) -> None:
    for model in catalog.models.values():
        assert catalog.find_model(model.id) is model
        gguf = model.weights.get("gguf")
        assert gguf is None or catalog.find_model(gguf.ollama or "") is model
    chat = catalog.find_model("DEEPSEEK-R1:7B")
    assert chat is not None
    assert chat.id == "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"


def test_a_repository_with_an_entry_of_its_own_is_found_as_that_entry(catalog: Catalog) -> None:
    found = catalog.find_model("qwen/qwen3-8b-awq")
    assert found is not None
    assert (found.id, found.format) == ("Qwen/Qwen3-8B-AWQ", "awq")


@pytest.mark.parametrize("name", ["", "Qwen", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7", "deepseek"])
def test_part_of_a_name_finds_no_model(catalog: Catalog, name: str) -> None:
    assert catalog.find_model(name) is None


def test_an_engine_has_an_image_for_volta_and_one_for_old_drivers(catalog: Catalog) -> None:
    vllm = [image for image in catalog.images if image.engine == "vllm"]
    volta = [i for i in vllm for v in i.variants if v.min_compute is not None and v.min_compute <= 7.0]
    assert [image.tag for image in volta] == ["v0.8.5"]
    default = next(image for image in vllm if image.default)
    drivers = {variant.suffix: variant.min_driver or 0 for variant in default.variants}
    assert drivers["-cu129"] < 580 <= drivers[""]


def test_every_image_says_which_registry_it_comes_from(catalog: Catalog) -> None:
    for image in catalog.images:
        assert image.repository.startswith(f"{registry_of(image.repository)}/")


@pytest.mark.parametrize(
    ("resource", "capacity", "held_back"),
    [
        ("cpu", 2, 0.1),
        ("cpu", 32, 0.8),
        ("cpu", 96, 2.0),
        ("cpu", 196, 2.74),
        ("memory", 2, 0.5 + 100 / 1024),
        ("memory", 8, (1843 + 100) / 1024),
        ("memory", 12, (2252 + 100) / 1024),
        ("memory", 32, (3645 + 100) / 1024),
        ("memory", 320, (13475 + 100) / 1024),
    ],
)
def test_nodes_hold_back_what_the_vendors_examples_say(
    catalog: Catalog, resource: str, capacity: float, held_back: float
) -> None:
    assert catalog.reserved[resource].held_back(capacity) == pytest.approx(held_back, abs=0.002)


def test_a_store_grows_faster_with_what_it_holds_up_to_its_limit(catalog: Catalog) -> None:
    store = catalog.stores["cfs-sd"]
    assert store.reads(0) < store.reads(500) < store.reads(5000)
    assert store.reads(5000) == store.reads(500_000) == store.max_mbps


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "gpus.yaml").write_text("- no mapping\n", encoding="utf-8")
    catalog = Catalog(tmp_path)
    with pytest.raises(CatalogError, match=r"gpus\.yaml"):
        len(catalog.gpus)


def test_a_broken_entry_does_not_hinder_its_neighbours(copy: Path) -> None:
    _replace(copy, "gpus.yaml", "usable_gib: 22.06", "usable_gib: much")
    catalog = Catalog(copy)
    assert catalog.gpus["T4"].memory_gb == 16
    with pytest.raises(CatalogError, match=r"gpus\.yaml: A10: usable_gib"):
        catalog.gpus["A10"]


DEV_MODEL = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
BREAKAGES = {
    "a machine's GPU is unknown": ("machines.yaml", "gpu: A10, gpus: 1", "gpu: A11, gpus: 1", "A11 is not in gpus"),
    "a GPU without a number": ("machines.yaml", "gpu: A10, gpus: 1", "gpu: A10", "gpu and gpus"),
    "one and a half GPUs": ("machines.yaml", "gpu: A10, gpus: 1", "gpu: A10, gpus: 1.5", "neither a share"),
    "a family that is not the name's": ("machines.yaml", "family: PNV4,", "family: GN7,", "family: GN7"),
    "memory that is not the name's": ("machines.yaml", "memory_gib: 116", "memory_gib: 161", "the name's 116"),
    "no cores": ("machines.yaml", "vcpu: 28", "vcpu: 0", "vcpu"),
    "a region that does not exist": ("machines.yaml", "[ap-guangzhou,", "[ap-gangzhou,", "ap-gangzhou"),
    "a disk that does not exist": ("machines.yaml", "[CLOUD_PREMIUM,", "[CLOUD_GOLD,", "disk_types"),
    "a super node's GPU is unknown": ("super_gpus.yaml", "gpu: V100-16", "gpu: V100-17", "V100-17 is not in gpus"),
    "a super node's memory is no range": ("super_gpus.yaml", "memory_gib: [2, 40]", "memory_gib: [40, 2]", "no range"),
    "a super node's cores fall": ("super_gpus.yaml", "vcpu: [2, 4, 8]", "vcpu: [8, 4, 2]", "must rise"),
    "no weights in the model's format": ("models/deepseek.yaml", "format: bf16", "format: fp8", "weights: no fp8"),
    "an architecture that does not exist": (
        "models/qwen2.yaml",
        "architecture: qwen2-7b",
        "architecture: qwen2-8b",
        "qwen2-8b is not in architectures",
    ),
    "a fact that models do not share": (
        "architectures/llama.yaml",
        "models: {",
        "models: {format: bf16, ",
        "format is",
    ),
    "a parser of answers without answers": (
        "models/llama.yaml",
        "  tool_parser: llama3_json",
        "  tool_parser: llama3_json\n  kind: embedding",
        "no parser",
    ),
    "experts of a dense model": ("architectures/yi.yaml", "{layers: 32,", "{layers: 32, dense_layers: 1,", "experts"),
    "heads and KV heads": ("architectures/qwen2.yaml", "heads: 28, kv_heads: 4", "heads: 28, kv_heads: 5", "KV heads"),
    "half of MLA": ("architectures/deepseek.yaml", ", qk_rope_head_dim: 64", "", "go together"),
    "more layers with a cache than layers": (
        "architectures/gemma.yaml",
        "kv_layers: 10",
        "kv_layers: 11",
        "more layers",
    ),
    "a window without a size": ("architectures/gemma.yaml", ", sliding_window: 1024", "", "sliding_window"),
    "weights of no size": ("models/qwen2.yaml", "gib: 14.19", "gib: 0", "weights.bf16.gib"),
    "another model's repository": (
        "models/llama.yaml",
        "{gib: 14.96,",
        "{gib: 14.96, huggingface: some/other,",
        "itself",
    ),
    "Ollama's id on other weights": ("models/qwen3.yaml", "    gguf: {", "    int8: {", "belong to gguf"),
    "a cache that cannot be computed, without a reason": (
        "architectures/nemotron.yaml",
        '  note: "Hybrid',
        '  # "Hybrid',
        "say why",
    ),
    "one Ollama id on two models": ("models/qwen2.yaml", '"qwq:32b"', '"qwen2.5:32b"', "names"),
    "two sizes of one repository": ("models/qwen3.yaml", "awq: {gib: 5.68", "awq: {gib: 6.5", "5.68 GiB of awq"),
    "a registry that nodes cannot reach": ("images.yaml", "docker.io/ollama/", "example.com/ollama/", "example.com"),
    "a floating tag": ("images.yaml", "open-webui:0.11.4:", "open-webui:latest:", "not pinned"),
    "two variants alike": ("images.yaml", "suffix: -cu129", 'suffix: ""', "stands twice"),
    "an engine that is no engine's image": ("images.yaml", "role: webui", "role: engine", "role and engine"),
    "no default": ("images.yaml", "  default: true\n", "", "0 default images"),
    "a zone of another region": ("regions.yaml", "[ap-guangzhou-3,", "[ap-shanghai-3,", "not of this region"),
    "an unknown key": ("stores.yaml", "  read_mbps: 105", "  raed_mbps: 105", "raed_mbps"),
    "no source": ("kubernetes.yaml", "{source: ", "{note: ", "source"),
    "a duration of no time": ("durations.yaml", "seconds: 1,", "seconds: 0,", "seconds"),
    "text that is no YAML": ("addons.yaml", "{default: true,", "{default: true", "not valid YAML"),
    "an entry given twice": ("gpus.yaml", "L40:", "L20:", "L20: is given twice"),
    "text before the first entry": ("mirrors.yaml", "docker.io:", "docker.io: {", "must begin with the name"),
}


@pytest.mark.parametrize(("file", "old", "new", "said"), list(BREAKAGES.values()), ids=list(BREAKAGES))
def test_broken_data_is_refused_with_file_entry_and_fault(copy: Path, file: str, old: str, new: str, said: str) -> None:
    _replace(copy, file, old, new)
    with pytest.raises(CatalogError) as refusal:
        Catalog(copy).verify()
    assert f"catalog/data/{file}" in str(refusal.value)
    assert said in str(refusal.value)


def test_a_missing_file_is_named(copy: Path) -> None:
    (copy / "stores.yaml").unlink()
    with pytest.raises(CatalogError, match=r"stores\.yaml: cannot be read"):
        Catalog(copy).verify()
