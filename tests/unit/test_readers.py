"""The two readers: what each says about broken input, and that they agree."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pulumi.runtime import config as store
from stack_files import valid_sections

from settings import file, load
from settings.diagnostics import Diagnostic
from settings.keys import engine_text
from settings.parse import StackInput, parse
from settings.stack_yaml import plain_value

ROOT = Path(__file__).parents[2]
SAMPLES = sorted(ROOT.glob("Pulumi.*.yaml"))
SOUND = """\
config:
  tencentcloud:region: ap-guangzhou
  tke-llm:pools: {gpu: {instanceType: PNV4.7XLARGE116}}
  tke-llm:models: {chat: {model: a/b}}
"""


@pytest.fixture(autouse=True)
def _the_engines_configuration() -> Iterator[None]:
    yield
    store.set_all_config({}, [])


def stack_file(folder: Path, text: str | bytes, name: str = "Pulumi.dev.yaml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def problems(path: Path) -> tuple[Diagnostic, ...]:
    return parse(file.read(path)).problems


# What the engine (its Go module, sdk/go/common/resource/config) makes of a stack file: keys without a namespace get
# the project's; scalars become text, objects JSON with sorted keys and sealed values opened; a key that holds one is
# secret.


def hand_over(config: dict[str, Any]) -> None:
    """Set the program's configuration as the engine does."""
    values, sealed = {}, []
    for key, value in config.items():
        full = key if ":" in key else f"tke-llm:{key}"
        opened = opened_up(value)
        values[full] = json.dumps(opened, sort_keys=True) if isinstance(opened, dict | list) else engine_text(opened)
        if opened != value:
            sealed.append(full)
    store.set_all_config(values, sealed)


def opened_up(value: object) -> object:
    if isinstance(value, dict):
        sealed = list(value) == ["secure"] and isinstance(value["secure"], str)
        return "opened" if sealed else {key: opened_up(child) for key, child in value.items()}
    return [opened_up(child) for child in value] if isinstance(value, list) else value


def from_both(folder: Path, config: dict[str, Any]) -> tuple[StackInput, StackInput]:
    """What each reader finds, the names of project and stack apart."""
    path = stack_file(folder, yaml.safe_dump({"config": config}, allow_unicode=True, sort_keys=False))
    hand_over(config)
    here = file.read(path)
    return here, replace(load.read(), project=here.project, stack=here.stack)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_both_readers_agree_on_every_sample_stack(sample: Path) -> None:
    here = file.read(sample)
    hand_over(yaml.safe_load(sample.read_text(encoding="utf-8"))["config"])
    assert replace(load.read(), project=here.project, stack=here.stack) == here
    assert here.sections
    assert here.region or "kubeconfigPath" in str(here.sections["cluster"])


def test_there_are_sample_stacks() -> None:
    assert ROOT / "Pulumi.dev.yaml" in SAMPLES


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_every_sample_stack_is_parsed_without_a_problem(sample: Path) -> None:
    assert problems(sample) == ()


ODD: list[dict[str, Any]] = [
    {"tke-llm:namespace": "123"},
    {"tke-llm:namespace": 123},
    {"tke-llm:namespace": True},
    {"tke-llm:order": "auto"},
    {"tke-llm:order": None},
    {"tke-llm:retain": True},
    {"tke-llm:retain": "true"},
    {"tke-llm:retain": "maybe"},
    {"tke-llm:prices": {"PNV4.7XLARGE116": 12.5, "SA5.LARGE8": 2}},
    {"tke-llm:webui": False},
    {"tke-llm:webui": {}},
    {"tke-llm:storage": None},
    {"tke-llm:force": []},
    {"tke-llm:force": "SOME_CODE"},
    {"tke-llm:tags": {"a.b/c": "d", "x": ""}},
    {"tke-llm:models": '{"chat": {"model": "a/b"}}'},
    {"tke-llm:models": '{"chat": '},
    {"tke-llm:models": "NaN"},
    {"tke-llm:models.chat.replicas": 2},
    {"tke-llm:config:namespace": "other"},
    {"tke-llm:modles": {"chat": {"model": "a/b"}}},
    {"tke_llm:models": {"chat": {"model": "a/b"}}},
    {"tkellm:order": "auto"},
    {"models": {"chat": {"model": "a/b"}}},
    {"kubernetes:namespace": "x", "pulumi:disable-default-providers": ["aws"], "acme:models": {}},
    {"tke-llm:hfToken": {"secure": "v1:abc"}},
    {"tke-llm:hfToken": "hf_in_clear"},
    {"tke-llm:hfToken": ""},
    {"tke-llm:apiKeys": {"chat": {"secure": "v1:abc"}, "two-b": {"secure": "v1:abc"}}},
    {"tke-llm:apiKeys": {"chat": "sk-in-clear"}},
    {"tke-llm:webuiEnv": {"LDAP_APP_PASSWORD": {"secure": "v1:abc"}}},
    {"tke-llm:webuiEnv": {"LDAP_APP_PASSWORD": "in clear"}},
    {"tke-llm:webuiEnv": {}},
    {"tke-llm:apiKeys": "sk-in-clear"},
    {"tke-llm:apiKeys": {}},
    {"tke-llm:webui": {"secure": "v1:abc"}},
    {"tencentcloud:region": "ap-shanghai", "tencentcloud:secretKey": {"secure": "v1:abc"}},
    {"tencentcloud:region": {"name": "x"}, "tencentcloud:secretKey": "in clear", "tencentcloud:secretId": "in clear"},
    {"tencentcloud:region": None},
    {},
]


@pytest.mark.parametrize("extra", ODD, ids=json.dumps)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside a sound stack"])
def test_both_readers_agree_on_odd_values(tmp_path: Path, extra: dict[str, Any], alone: bool) -> None:
    here, there = from_both(tmp_path, extra if alone else yaml.safe_load(SOUND)["config"] | extra)
    assert {key: repr(value) for key, value in here.sections.items() if "secure" not in repr(value)} == {
        key: repr(value) for key, value in there.sections.items() if "secure" not in repr(value)
    }
    assert (here.region, here.secrets, here.problems) == (there.region, there.secrets, there.problems)
    assert parse(here) == parse(there)


@settings(deadline=None, phases=(Phase.reuse, Phase.generate), max_examples=30)
@given(valid_sections, st.randoms())
def test_both_readers_agree_on_any_valid_stack(
    tmp_path_factory: pytest.TempPathFactory, sections: dict[str, Any], random: Any
) -> None:
    keys = list(sections)
    random.shuffle(keys)
    here, there = from_both(tmp_path_factory.mktemp("s"), {f"tke-llm:{key}": sections[key] for key in keys})
    assert parse(here) == parse(there)


def test_both_readers_refuse_a_sealed_value_inside_a_section(tmp_path: Path) -> None:
    config = yaml.safe_load(SOUND)["config"]
    config["tke-llm:models"]["chat"]["env"] = {"HF_TOKEN": {"secure": "v1:abc"}}
    here, there = (parse(found) for found in from_both(tmp_path, config))
    assert [(p.code, p.path) for p in here.problems] == [("SECRET_IN_SECTION", "models.chat.env.HF_TOKEN")]
    # The engine says which key is sealed, not where in it.
    assert [(p.code, p.path) for p in there.problems] == [("SECRET_IN_SECTION", "models")]


# As gopkg.in/yaml.v3 3.0.1 and the engine's config package 3.272.0 were seen to read them.
@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", "yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("True", True),
        ("1.30", 1.3),
        ("1.0", 1),
        ("1e3", 1000),
        ("1.", 1),
        ("+.5", 0.5),
        ("010", 8),
        ("0o17", 15),
        ("08", 8),
        ("0x10", 16),
        ("0b11", 3),
        ("1_000", 1000),
        ("1e400", "1e400"),
        ("~", None),
        ("", None),
        ("v1", "v1"),
    ],
)
def test_plain_words_mean_what_they_mean_to_the_engine(word: str, value: object) -> None:
    assert repr(plain_value(word)) == repr(value)


def test_a_date_says_to_quote_it(tmp_path: Path) -> None:
    text = SOUND.replace("model: a/b", "model: a/b, revision: 2024-01-31")
    (problem,) = problems(stack_file(tmp_path, text))
    assert (problem.code, problem.path) == ("WRONG_TYPE", "models.chat.revision")
    assert 'Quote it, as in `revision: "2024-01-31"`' in problem.remedy


@pytest.mark.parametrize(
    ("text", "code", "path", "said"),
    [
        ("", "EMPTY_STACK_FILE", "Pulumi.dev.yaml", "is empty"),
        ("# only a comment\n", "EMPTY_STACK_FILE", "Pulumi.dev.yaml", "is empty"),
        ("encryptionsalt: v1:abc\n", "EMPTY_STACK_FILE", "config", "no `tke-llm:` settings"),
        ("config: {}\n", "EMPTY_STACK_FILE", "config", "no `tke-llm:` settings"),
        ("config: {kubernetes:namespace: x}\n", "EMPTY_STACK_FILE", "config", "no `tke-llm:` settings"),
        ("- a\n- b\n", "NOT_A_MAPPING", "Pulumi.dev.yaml", "a list"),
        ("just words\n", "NOT_A_MAPPING", "Pulumi.dev.yaml", "a single value"),
        ("config: [a]\n", "NOT_A_MAPPING", "config", "a list"),
        ("config:\n\ttke-llm:order: auto\n", "UNREADABLE", "Pulumi.dev.yaml:2:1", "no valid YAML"),
        ("config: {a: [1\n", "UNREADABLE", "Pulumi.dev.yaml:2:1", "no valid YAML"),
        ("config: {a: *nowhere}\n", "UNREADABLE", "Pulumi.dev.yaml:1:13", "`*nowhere`"),
        ("config: &c {a: *c}\n", "UNREADABLE", "Pulumi.dev.yaml:1:16", "inside itself"),
        ("config: {a: !include x}\n", "UNREADABLE", "Pulumi.dev.yaml:1:13", "`!include`"),
        ("a: !!python/object:os.system x\n", "UNREADABLE", "Pulumi.dev.yaml:1:4", "tag"),
        ("config: {}\n---\nconfig: {}\n", "UNREADABLE", "Pulumi.dev.yaml:2:1", "more than one document"),
        ("config:\n  ? [a]\n  : b\n", "UNREADABLE", "Pulumi.dev.yaml:2:5", "no plain text"),
        (b"config: {a: \xff}\n", "UNREADABLE", "Pulumi.dev.yaml:1", "not UTF-8"),
        (b"\x00\x01\x02", "UNREADABLE", "Pulumi.dev.yaml", "no valid YAML"),
        ("confg: {}\n", "UNKNOWN_KEY", "confg", "no key of Pulumi's"),
        ("tke-llm:models: {}\n", "UNKNOWN_KEY", "tke-llm:models", "no key of Pulumi's"),
        ("models: {}\n", "UNKNOWN_KEY", "models", "no key of Pulumi's"),
    ],
)
def test_a_broken_file_is_one_finding_with_its_place(
    tmp_path: Path, text: str | bytes, code: str, path: str, said: str
) -> None:
    found = parse(file.read(stack_file(tmp_path, text)))
    assert found.settings is None
    (problem,) = found.problems
    assert (problem.severity, problem.code, problem.path) == ("error", code, path)
    assert said in problem.message
    assert problem.remedy


def test_a_key_that_stands_twice_is_refused_at_its_line(tmp_path: Path) -> None:
    (problem,) = problems(stack_file(tmp_path, SOUND + "  tke-llm:models: {other: {model: c/d}}\n"))
    assert (problem.code, problem.path) == ("DUPLICATE_KEY", "Pulumi.dev.yaml:5:3")


def test_a_duplicate_does_not_hide_other_errors(tmp_path: Path) -> None:
    found = problems(stack_file(tmp_path, SOUND + "  tke-llm:order: soon\n  tke-llm:order: auto\n"))
    assert [problem.code for problem in found] == ["DUPLICATE_KEY", "IMPOSSIBLE_VALUE"]


@pytest.mark.parametrize(
    "text",
    [
        "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
        "[" * 100_000,
        "{a: " * 50_000,
        "- " * 100_000,
        "config: {" + ", ".join(f"k{n}: {n}" for n in range(15_000)) + "}",
        "x" * (file.LARGEST + 1),
    ],
    ids=["aliases", "lists", "objects", "dashes", "keys", "bytes"],
)
def test_a_file_that_grows_without_end_is_refused_quickly(tmp_path: Path, text: str) -> None:
    started = time.process_time()
    found = parse(file.read(stack_file(tmp_path, text)))
    assert [problem.severity for problem in found.problems[:1]] == ["error"]
    assert time.process_time() - started < 5


def test_anchors_and_merges_are_read(tmp_path: Path) -> None:
    text = SOUND.replace("gpu: {", "gpu: &a {zone: z-1, ") + "  tke-llm:tags: {<<: {a: b, c: d}, a: e}\n"
    found = parse(file.read(stack_file(tmp_path, text)))
    assert found.problems == ()
    assert found.settings is not None
    assert found.settings.tags == {"a": "e", "c": "d"}


def test_a_missing_file_names_the_stacks_there_are(tmp_path: Path) -> None:
    stack_file(tmp_path, SOUND, "Pulumi.dev.yaml")
    stack_file(tmp_path, SOUND, "Pulumi.prod.yaml")
    (problem,) = problems(tmp_path / "Pulumi.prd.yaml")
    assert (problem.code, problem.allowed) == ("UNREADABLE", "dev, prod")
    assert problem.remedy == "Did you mean the stack `prod`?"


def test_a_folder_and_an_impossible_path_are_refused(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").mkdir()
    assert [problem.code for problem in problems(tmp_path / "Pulumi.dev.yaml")] == ["UNREADABLE"]
    assert [problem.code for problem in problems(tmp_path / "a\0b.yaml")] == ["UNREADABLE"]
    assert [problem.code for problem in problems(tmp_path / ("x" * 5000 + ".yaml"))] == ["UNREADABLE"]


def test_a_stack_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    path = stack_file(tmp_path, SOUND)
    assert file.find("dev", tmp_path) == path
    assert file.find("Pulumi.dev.yaml", tmp_path) == path or Path("Pulumi.dev.yaml").exists()
    assert file.find(str(path), Path("/nowhere")) == path
    assert file.read(path).stack == "dev"


def test_a_key_without_a_namespace_belongs_to_the_project(tmp_path: Path) -> None:
    text = SOUND.replace("tke-llm:", "")
    stack_file(tmp_path, "name: tke-llm\n", "Pulumi.yaml")
    assert problems(stack_file(tmp_path, text)) == ()
    stack_file(tmp_path, "name: chat\n", "Pulumi.yaml")
    found = problems(tmp_path / "Pulumi.dev.yaml")
    assert [(problem.code, problem.path) for problem in found] == [
        ("UNKNOWN_KEY", "chat:models"),
        ("UNKNOWN_KEY", "chat:pools"),
    ]
    assert found[0].remedy == "Did you mean `tke-llm:models`?"


def test_pulumis_own_keys_and_other_namespaces_are_left_alone(tmp_path: Path) -> None:
    text = "encryptionsalt: a\nsecretsprovider: b\nencryptedkey: c\nenvironment: [d]\n" + SOUND + "  acme:x: {y: 1}\n"
    assert problems(stack_file(tmp_path, text)) == ()


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    assert problems(stack_file(tmp_path, b"\xef\xbb\xbf" + SOUND.encode())) == ()


def test_credentials_in_clear_are_refused_and_not_repeated(tmp_path: Path) -> None:
    secret = "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA"
    lines = f"  tencentcloud:secretKey: {secret}\n  tke-llm:hfToken: {secret}\n  tke-llm:apiKeys: {{chat: {secret}}}\n"
    found = problems(stack_file(tmp_path, SOUND + lines))
    assert [(problem.code, problem.path) for problem in found] == [
        ("SECRET_IN_CLEAR", "tencentcloud:secretKey"),
        ("SECRET_IN_CLEAR", "apiKeys.chat"),
        ("SECRET_IN_CLEAR", "hfToken"),
    ]
    assert secret not in repr(found)


def test_an_api_key_that_is_no_text_is_refused(tmp_path: Path) -> None:
    found = problems(stack_file(tmp_path, SOUND + "  tke-llm:apiKeys: {chat: {key: {secure: v1:abc}}}\n"))
    assert [(problem.code, problem.path) for problem in found] == [("WRONG_TYPE", "apiKeys.chat")]
    hand_over(yaml.safe_load(SOUND)["config"])
    store.set_all_config(store.CONFIG.get() | {"tke-llm:apiKeys": "just one"}, ["tke-llm:apiKeys"])
    given = replace(load.read(), project="tke-llm", stack="dev")
    assert [(problem.code, problem.path) for problem in parse(given).problems] == [("WRONG_TYPE", "apiKeys")]


def test_what_the_engine_reader_finds_holds_no_secret() -> None:
    values = {"tke-llm:hfToken": "hf_secret", "tke-llm:apiKeys": '{"chat": "sk-secret"}', "tke-llm:models": '{"a": 1}'}
    store.set_all_config(values, list(values))
    found = load.read()
    assert "secret'" not in repr(found)
    assert found.secrets == {"hfToken": True, "apiKeys": True, "apiKeys.chat": True}


@pulumi.runtime.test
def test_secret_inputs_are_sealed_and_only_those_that_are_set() -> pulumi.Output[Any]:
    values = {
        "tke-llm:hfToken": "hf_secret",
        "tke-llm:apiKeys": '{"chat": "one", "two-b": "two"}',
        "tke-llm:webuiEnv": '{"LDAP_APP_PASSWORD": "three"}',
    }
    store.set_all_config(values, list(values))
    found = load.secret_inputs()
    assert set(found) == {"hfToken", "apiKeys.chat", "apiKeys.two-b", "webuiEnv.LDAP_APP_PASSWORD"}

    def check(held: dict[str, Any]) -> None:
        assert held == {
            "hfToken": ("hf_secret", True),
            "apiKeys.chat": ("one", True),
            "apiKeys.two-b": ("two", True),
            "webuiEnv.LDAP_APP_PASSWORD": ("three", True),
        }

    return pulumi.Output.all(**{name: _with_seal(secret) for name, secret in found.items()}).apply(check)


def _with_seal(secret: pulumi.Output[str]) -> pulumi.Output[tuple[str, bool]]:
    return pulumi.Output.all(pulumi.Output.unsecret(secret), pulumi.Output.from_input(secret.is_secret())).apply(tuple)


def test_no_secret_set_gives_no_inputs() -> None:
    store.set_all_config({"tke-llm:order": "auto"}, [])
    assert load.secret_inputs() == {}
