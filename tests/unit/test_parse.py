"""What `settings.parse` says about bad input: where, why, and the nearest fix."""

import subprocess
import sys
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from stack_files import anything, arbitrary_sections, parsed, sound, valid_sections

from planner.prove import prove
from settings import secrecy
from settings.describe import ValueKind, field_kind, fields_of, in_words, kind_of
from settings.parse import StackInput, parse
from settings.paths import apply_fix, join, split
from settings.stack import SECRET_MAPS, SECRET_NAMES, Settings
from settings.suggest import closest

# Shrinking a whole stack file takes minutes; what failed is printed as it was found.
unshrunk = (Phase.explicit, Phase.reuse, Phase.generate)


def changed(path: str, value: object) -> dict[str, Any]:
    """The sound stack with one value put in."""
    return apply_fix(sound(), ((path, value),))


def codes(sections: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in parsed(sections).problems]


def test_a_sound_stack_has_no_problems() -> None:
    found = parsed(sound())
    assert found.problems == ()
    assert found.settings is not None
    assert found.settings.models["chat"].model == "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
    assert found.settings.region == "ap-guangzhou"


BAD = [
    # place, value, code, place of the finding (None: the same), value that the fix writes there (...: no fix)
    ("modles", {"b": {"model": "x"}}, "UNKNOWN_KEY", None, ...),
    ("models.chat.replcas", 2, "UNKNOWN_KEY", None, ...),
    ("models.chat.tensor_parallel", 2, "UNKNOWN_KEY", None, ...),
    ("cluster.endpoint.acces", "public", "UNKNOWN_KEY", None, ...),
    ("pools.gpu.taints", [{"kee": "a", "key": "b"}], "UNKNOWN_KEY", "pools.gpu.taints[0].kee", ...),
    ("cluster", True, "WRONG_TYPE", None, ...),
    ("pools", [{"name": "gpu"}], "WRONG_TYPE", None, ...),
    ("models.chat", "deepseek", "WRONG_TYPE", None, ...),
    ("storage", "cfs", "WRONG_TYPE", None, ...),
    ("network.zones", "ap-guangzhou-6", "WRONG_TYPE", None, ["ap-guangzhou-6"]),
    ("network.zones[0]", 6, "WRONG_TYPE", None, ...),
    ("models.chat.replicas", "2", "WRONG_TYPE", None, 2),
    ("models.chat.replicas", True, "WRONG_TYPE", None, ...),
    ("models.chat.gpuMemoryUtilization", "0.9", "WRONG_TYPE", None, 0.9),
    ("retain", "yes", "WRONG_TYPE", None, True),
    ("network.nat", "false", "WRONG_TYPE", None, False),
    ("cluster.version", 1.3, "WRONG_TYPE", None, ...),
    ("models.chat.env.THREADS", 4, "WRONG_TYPE", None, "4"),
    ("models.chat.env.DEBUG", True, "WRONG_TYPE", None, "true"),
    ("storage", None, "WRONG_TYPE", None, None),
    ("prices.big", float("inf"), "IMPOSSIBLE_VALUE", None, ...),
    ("models.chat.replicas", 0, "IMPOSSIBLE_VALUE", None, 1),
    ("models.chat.gpuMemoryUtilization", 1.5, "IMPOSSIBLE_VALUE", None, 1),
    ("pools.gpu.nodes", 0, "IMPOSSIBLE_VALUE", None, 1),
    ("pools.gpu.nodes", -1, "IMPOSSIBLE_VALUE", None, 1),
    ("pools.gpu.nodes", {"min": 3, "max": 2}, "IMPOSSIBLE_VALUE", None, ...),
    ("storage.webuiCapacity", 25, "IMPOSSIBLE_VALUE", None, 30),
    ("network.nat.bandwidth", 120, "IMPOSSIBLE_VALUE", None, 100),
    ("network.cidr", "10.0.0.1/16", "IMPOSSIBLE_VALUE", None, "10.0.0.0/16"),
    ("network.cidr", "10.0.0.0", "IMPOSSIBLE_VALUE", None, "10.0.0.0/32"),
    ("network.cidr", "300.0.0.0/8", "IMPOSSIBLE_VALUE", None, ...),
    ("pools.gpu.kind", "Native", "IMPOSSIBLE_VALUE", None, "native"),
    ("expose.via", "gatway", "IMPOSSIBLE_VALUE", None, "gateway"),
    ("order", "quickest", "IMPOSSIBLE_VALUE", None, ...),
    ("namespace", "My_Space", "IMPOSSIBLE_VALUE", None, "my-space"),
    ("expose.host", "chat", "IMPOSSIBLE_VALUE", None, ...),
    ("webui.adminEmail", "admin", "IMPOSSIBLE_VALUE", None, ...),
    ("cluster.existing", {"id": "cls-1", "context": "a"}, "IMPOSSIBLE_VALUE", None, ...),
    ("models", {}, "IMPOSSIBLE_VALUE", None, ...),
    ("models.other", {"gpus": 1}, "MISSING_KEY", "models.other.model", ...),
    ("models.chat.architecture", {"layers": 1}, "MISSING_KEY", "models.chat.architecture.heads", ...),
]


@pytest.mark.parametrize(("place", "value", "code", "found_at", "mended"), BAD)
def test_a_bad_value_is_refused_with_its_path_and_a_remedy(
    place: str, value: object, code: str, found_at: str | None, mended: object
) -> None:
    sections = changed(place, value) if value is not None else {**sound(), place: None}
    problem = next(p for p in parsed(sections).problems if p.path == (found_at or place))
    assert (problem.severity, problem.code) == ("error", code)
    assert problem.path in problem.message or code == "UNKNOWN_KEY"
    assert problem.remedy
    if mended is not ...:
        assert problem.fix == ((place, mended),)


SLIDING = {"layers": 4, "heads": 8, "kvHeads": 8, "headDim": 64, "maxPositions": 4096, "weightsGib": 1.0}


@pytest.mark.parametrize(
    ("place", "value", "remedy"),
    [
        ("models.chat.speculative", {"method": "eagle", "tokens": 2}, "Give its repository as `model`."),
        ("models.chat.speculative", {"method": "ngram", "tokens": 2, "model": "some/draft"}, "Take `model` out."),
        (
            "models.chat.speculative",
            {"method": "mtp", "tokens": 2, "revision": "v1", "weightsGib": 1.5},
            "Take `revision`, `weightsGib` out.",
        ),
        ("models.chat.architecture", SLIDING | {"slidingLayers": 2}, "Give both of them, or neither."),
        (
            "models.chat.architecture",
            SLIDING | {"slidingKvHeads": 2},
            "Give slidingLayers and slidingWindow as well, or take these out.",
        ),
    ],
)
def test_a_broken_rule_between_keys_says_how_to_keep_it(place: str, value: object, remedy: str) -> None:
    (problem,) = parsed(changed(place, value)).problems
    assert (problem.code, problem.path, problem.remedy) == ("IMPOSSIBLE_VALUE", place, remedy)


def test_a_text_that_is_too_long_is_told_how_long_it_may_be() -> None:
    (problem,) = parsed(changed("models.chat.chatTemplate", "{{ x }}" * 30_000)).problems
    assert problem.allowed.endswith("of at most 200000 characters")
    assert len(problem.message) < 300


def test_an_object_of_one_key_is_described_in_the_singular() -> None:
    (problem,) = parsed(changed("models.chat.kvOffload", 20)).problems
    assert problem.allowed == "an object with the key `gib`"


@pytest.mark.parametrize(
    ("place", "value", "right"),
    [
        ("models.chat.replcas", 2, "models.chat.replicas"),
        ("models.chat.tensor_parallel", 2, "models.chat.tensorParallel"),
        ("netwrok", {"zones": ["a-1"]}, "network"),
    ],
)
def test_an_unknown_key_suggests_the_key_that_was_meant(place: str, value: object, right: str) -> None:
    (problem,) = parsed(changed(place, value)).problems
    assert problem.remedy == f"Did you mean `{split(right)[-1]}`?"
    assert problem.fix == ((place, None), (right, value))


def test_an_unquoted_version_says_to_quote_it() -> None:
    (problem,) = parsed(changed("cluster.version", 1.3)).problems
    assert problem.remedy.startswith('Quote it, as in `version: "1.3"`')


@pytest.mark.parametrize(("name", "better"), [("GPU_1", "gpu-1"), ("a" * 20, "a" * 16)])
def test_a_bad_pool_name_is_refused_with_a_name_that_is_allowed(name: str, better: str) -> None:
    sections = sound()
    sections["pools"] = {name: {"instanceType": "PNV4.7XLARGE116"}}
    problem = parsed(sections).problems[0]
    assert (problem.code, problem.path) == ("IMPOSSIBLE_VALUE", f"pools.{name}")
    assert list(apply_fix(sections, problem.fix)["pools"]) == [better]  # pyright: ignore[reportArgumentType]


def test_a_path_set_as_a_key_says_to_use_path() -> None:
    (problem,) = parsed({**sound(), "models.chat.replicas": 2}).problems
    assert "pulumi config set --path 'tke-llm:models.chat.replicas'" in problem.remedy


def test_missing_pools_and_models_are_both_named() -> None:
    assert codes({"network": {"zones": ["ap-guangzhou-6"]}}) == [("MISSING_KEY", "pools"), ("MISSING_KEY", "models")]


def test_all_errors_come_at_once() -> None:
    sections = sound()
    sections["order"] = "soon"
    sections["pools"]["gpu"]["disk"] = 5
    sections["models"]["chat"]["gpus"] = "two"
    sections["netwrok"] = {}
    places = {"order", "pools.gpu.disk", "models.chat.gpus", "netwrok"}
    assert {problem.path for problem in parsed(sections).problems} == places


def test_what_is_sound_is_still_parsed_beside_what_is_not() -> None:
    sections = changed("models.chat.replicas", "many")
    sections["models"]["broken"] = {"gpus": 1}
    sections["network"]["cidr"] = "nowhere"
    found = parsed(sections)
    assert found.settings is not None
    assert list(found.settings.models) == ["chat"]
    assert found.settings.models["chat"].replicas == 1
    assert found.settings.network.zones == ("ap-guangzhou-6",)


def test_nothing_is_built_where_no_model_is_left() -> None:
    found = parsed(changed("models.chat", {"gpus": 1}))
    assert found.settings is None
    assert [problem.path for problem in found.problems] == ["models.chat.model"]


def test_a_faulty_list_entry_does_not_take_its_neighbours_along() -> None:
    found = parsed(changed("network.zones", ["a-1", 1, "b-1", 2, "c-1", "d-1"]))
    assert [problem.path for problem in found.problems] == ["network.zones[1]", "network.zones[3]"]
    assert found.settings is not None
    assert found.settings.network.zones == ("a-1", "b-1", "c-1", "d-1")


def test_the_readers_problems_are_carried_on() -> None:
    first = parse(StackInput("tke-llm", "dev", "r", {**sound(), "x": 1})).problems
    again = parse(StackInput("tke-llm", "dev", "r", sound(), problems=first))
    assert again.problems == first
    assert again.settings is not None
    nothing = parse(StackInput("tke-llm", "dev", problems=first))
    assert (nothing.settings, nothing.problems) == (None, first)


HUGGING_FACE = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz0123"
SERVICE_KEY = "sk-proj-AbCdEfGhIjKlMnOpQrStUv"


@pytest.mark.parametrize(
    ("place", "value", "severity", "key"),
    [
        ("models.chat.env.HF_TOKEN", HUGGING_FACE, "error", "tke-llm:hfToken"),
        ("models.chat.env.HF_TOKEN", {"secure": "v1:abc"}, "error", "tke-llm:hfToken"),
        ("models.chat.env.VLLM_API_KEY", SERVICE_KEY, "error", "tke-llm:apiKeys.chat"),
        ("models.chat.env.ANYTHING", HUGGING_FACE, "error", "tke-llm:hfToken"),
        ("models.chat.extraArgs", [f"--api-key={SERVICE_KEY}"], "error", "tke-llm:apiKeys.chat"),
        ("models.chat.env.MY_PASSWORD", "correct horse", "error", "tke-llm:apiKeys.chat"),
        ("models.chat.extraArgs", ["--ssl-keyfile-password x"], "error", "tke-llm:apiKeys.chat"),
        ("webui.env.LDAP_APP_PASSWORD", "correct horse", "error", "tke-llm:webuiEnv.LDAP_APP_PASSWORD"),
        ("webui.env.RAG_OPENAI_API_KEY", "anything", "error", "tke-llm:webuiEnv.RAG_OPENAI_API_KEY"),
        ("webui.env.GOOGLE_CLIENT_SECRET", "anything", "error", "tke-llm:webuiEnv.GOOGLE_CLIENT_SECRET"),
        ("webui.env.SCIM_TOKEN", "anything", "error", "tke-llm:webuiEnv.SCIM_TOKEN"),
        ("webui.env.OPENSEARCH_URI", "https://me:pw@search:9200", "error", "tke-llm:webuiEnv.OPENSEARCH_URI"),
        ("pools.gpu.labels.access-token", "anything", "warning", "docs/configuration.md"),
        ("webui.env.DATABASE_URL", "postgresql://me:pw@db:5432/ui", "error", "tke-llm:databaseUrl"),
        ("webui.oidc.clientSecret", {"secure": "v1:abc"}, "error", "tke-llm:oidcClientSecret"),
        ("webui.env.ADMIN_PASSWORD", {"secure": "v1:abc"}, "error", "tke-llm:webuiAdminPassword"),
        ("models", {"secure": "v1:abc"}, "error", "docs/configuration.md"),
    ],
)
def test_a_secret_in_a_section_names_the_key_to_use(place: str, value: object, severity: str, key: str) -> None:
    problems = [p for p in parsed(changed(place, value)).problems if p.code == "SECRET_IN_SECTION"]
    assert [problem.severity for problem in problems] == [severity]
    assert problems[0].path.startswith(place)
    assert key in problems[0].remedy


@pytest.mark.parametrize("name", ["TOKENIZERS_PARALLELISM", "HF_HOME", "VLLM_LOGGING_LEVEL", "MAX_KEYS", "KEYBOARD"])
def test_an_ordinary_variable_is_no_secret(name: str) -> None:
    assert parsed(changed(f"models.chat.env.{name}", "8")).problems == ()


@pytest.mark.parametrize(
    "name", ["S3_KEY_PREFIX", "CUSTOM_API_KEY_HEADER", "PASSWORD_HASH_ALGORITHM", "USER_PERMISSIONS_FEATURES_API_KEYS"]
)
def test_a_name_that_speaks_about_secrets_holds_none(name: str) -> None:
    assert parsed(changed(f"webui.env.{name}", "chosen")).problems == ()


@pytest.mark.parametrize("name", [name for name in SECRET_NAMES if name not in SECRET_MAPS])
def test_a_secret_in_clear_is_refused_with_the_command_that_seals_it(name: str) -> None:
    problem = parsed(sound(), {name: False}).problems[0]
    assert (problem.code, problem.path) == ("SECRET_IN_CLEAR", name)
    assert f"`pulumi config set --secret tke-llm:{name}`" in problem.remedy


def test_a_sealed_secret_is_known_by_its_name() -> None:
    found = parsed(sound(), {"hfToken": True, "apiKeys": True, "apiKeys.chat": True})
    assert found.settings is not None
    assert found.settings.secrets == {"hfToken", "apiKeys", "apiKeys.chat"}


@pytest.mark.parametrize(
    "place",
    [
        "models.chat.env.HF_TOKEN",
        "models.chat.apiKey",
        "models.chat.replicas",
        "models.chat.envv.HF_TOKEN",
        "hftoken",
        "modles.chat.env.HF_TOKEN",
        "network.cidr",
        "namespace",
        "storage",
        "expose.tls.secretKey",
        "pools.gpu.labels",
        "force",
    ],
)
@pytest.mark.parametrize("secret", [HUGGING_FACE, SERVICE_KEY, "postgres://me:hunter2hunter2@db/x"])
def test_a_secret_is_never_repeated(place: str, secret: str) -> None:
    problems = parsed(changed(place, secret)).problems
    assert problems
    assert not [problem for problem in problems if secret in str(asdict(problem)) or "hunter2" in str(asdict(problem))]


TENCENT_KEY = "Gu5t9xGARNpq86cd98joQYCN3Example"


@pytest.mark.parametrize("secret", [HUGGING_FACE, SERVICE_KEY, "AKIDz8krbsJ5yKBZQpn74WFkmLPx3Example", TENCENT_KEY])
def test_a_secret_pasted_as_a_name_or_as_the_region_is_not_repeated(secret: str) -> None:
    named = [
        StackInput("tke-llm", "dev", secret, sound()),
        StackInput("tke-llm", "dev", "ap-guangzhou", {**sound(), secret: 1}),
        StackInput("tke-llm", "dev", "ap-guangzhou", changed("models", {secret: sound()["models"]["chat"]})),
        StackInput("tke-llm", "dev", "ap-guangzhou", changed("models.chat.env", {secret: "x"})),
        StackInput("tke-llm", "dev", "ap-guangzhou", changed("pools.gpu.instanceType", secret)),
        StackInput("tke-llm", "dev", "ap-guangzhou", sound(), {"apiKeys": True, join(("apiKeys", secret)): True}),
        StackInput("tke-llm", "dev", "ap-guangzhou", sound(), {"apiKeys": True, join(("apiKeys", secret)): False}),
    ]
    for stack in named:
        _, diagnostics = prove(parse(stack))
        errors = [each for each in diagnostics if each.severity == "error"]
        assert errors, stack
        assert not [each for each in diagnostics if secret in str(asdict(each))]


@pytest.mark.parametrize("part", ["a", "a:", "a://", "a://b", "a://b:c", "hf_", "A1a", "--a="])
def test_a_long_text_is_searched_for_secrets_in_one_pass(part: str) -> None:
    """A search that takes the square of the length, as one from a scheme's first letter does, would not come back."""
    text = part * (2_000_000 // len(part))
    assert not secrecy.is_token(text, "")
    assert text in (secrecy.masked(text), text)


def test_the_defaults_are_all_there_already() -> None:
    explicit = Settings.model_validate(sound()).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert parsed(explicit).problems == ()


@settings(deadline=None, phases=unshrunk, max_examples=150)
@given(arbitrary_sections)
def test_no_sections_make_parse_raise(sections: dict[str, Any]) -> None:
    for problem in parsed(sections).problems:
        assert problem.path
        assert problem.remedy
        assert len(problem.given) < 200


@settings(deadline=None, phases=unshrunk, max_examples=60)
@given(valid_sections)
def test_valid_sections_come_back_as_they_went_in(sections: dict[str, Any]) -> None:
    first = parsed(sections)
    assert first.settings is not None
    assert first.problems == ()
    written = first.settings.model_dump(mode="json", by_alias=True)
    assert parsed(written).settings == first.settings


def _places(tree: object, steps: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [steps] if steps else []
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, child in pairs:
        found += _places(child, (*steps, step))
    return found


@settings(deadline=None, phases=unshrunk, max_examples=100)
@given(valid_sections, st.data())
def test_a_fix_removes_the_problem_it_belongs_to(sections: dict[str, Any], data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(_places(sections)))
    broken = apply_fix(sections, ((join(place), data.draw(anything.filter(lambda value: value is not None))),))
    problems = parsed(broken).problems
    codes = [problem.code for problem in problems]
    for problem in problems:
        left = parsed(apply_fix(broken, problem.fix)).problems
        if problem.fix and problem.fix[0][1] is None and isinstance(split(problem.path)[-1], int):
            # The entries after the one that goes move up to its place, and what a secret hid may come to light.
            assert [other.code for other in left].count(problem.code) < codes.count(problem.code)
        elif problem.fix and problem.code != "UNKNOWN_KEY":
            assert (problem.code, problem.path) not in [(other.code, other.path) for other in left]


@given(
    st.lists(st.text(min_size=1) | st.integers(0, 99), min_size=1, max_size=4).filter(lambda s: isinstance(s[0], str))
)
def test_a_path_can_be_taken_apart_again(steps: list[str | int]) -> None:
    assert split(join(steps)) == tuple(steps)


def test_every_limit_of_the_schema_can_be_said_in_words() -> None:
    def walk(kind: ValueKind) -> int:
        assert in_words(kind)
        inner = [field_kind(info) for info in fields_of(kind.core).values()] if kind.is_section else []
        inner += [kind_of(arg) for arg in kind.args if arg is not Ellipsis] if kind.core in (dict, tuple) else []
        return 1 + sum(walk(one) for one in inner)

    assert walk(ValueKind(Settings)) > 100


def test_a_value_nested_without_end_is_refused_quickly() -> None:
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(5000):
        inner["a"] = {}
        inner = inner["a"]
    assert codes({**sound(), "tags": deep})[0] == ("IMPOSSIBLE_VALUE", "tags.a.a.a")


def test_suggestions_ignore_case_and_dashes_and_refuse_strangers() -> None:
    assert closest("max-model_LEN", ("maxModelLen", "model")) == "maxModelLen"
    assert closest("xyzzy", ("maxModelLen", "model")) is None
    assert closest("a" * 100_000, ("a",)) is None


def test_parsing_loads_neither_yaml_nor_difflib_nor_pulumi() -> None:
    script = (
        "import sys; from settings.parse import StackInput, parse; import settings.keys;"
        "found = parse(StackInput('p', 's', 'r', {'pools': {'g': {}}, 'models': {'m': {'model': 'x'}}}));"
        "assert found.settings;"
        "print([name for name in ('yaml', 'difflib', 'pulumi', 'settings.explain') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
