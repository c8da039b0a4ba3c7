"""No two objects of a stack have one name, whatever models and pools are called."""

import re
from collections import Counter
from pathlib import Path

import pytest

from planner.cluster.object_names import SECRETS, STACK_NAMES, STACK_POOLS
from rehearsal.registration import Registration
from rehearsal.run import rehearse
from settings.parse import StackInput, parse
from settings.paths import apply_fix
from tests.unit.stacks import codes, found, planned, sections, settings

MAIN = Path(__file__).parents[2] / "__main__.py"
SMALL = {"model": "Qwen/Qwen2.5-0.5B-Instruct", "replicas": 1}
GATEWAY = {"via": "gateway", "host": "chat.example.com", "apiHost": "api.example.com", "tls": {"secret": "chat-tls"}}


def named(*models: str) -> dict[str, object]:
    """The sound stack with models of these names, each on a node of its own."""
    return {"models": {name: dict(SMALL) for name in models}, "pools.gpu.nodes": len(models)}


def registered(changes: dict[str, object], secrets: tuple[str, ...] = ()) -> tuple[Registration, ...]:
    given = StackInput("tke-llm", "dev", "ap-guangzhou", sections(changes), dict.fromkeys(secrets, True))
    rehearsed = rehearse(given, MAIN)
    assert rehearsed.recording is not None, rehearsed.errors
    return rehearsed.recording.registrations


def objects(registrations: tuple[Registration, ...]) -> list[tuple[str, str, str]]:
    """Kind, namespace and name of every Kubernetes object."""
    metadata = [(each.type, each.inputs.get("metadata")) for each in registrations if each.custom]
    return [
        (type_, str(about.get("namespace", "")), str(about["name"]))
        for type_, about in metadata
        if isinstance(about, dict) and "name" in about
    ]


@pytest.mark.parametrize("name", sorted(STACK_NAMES))
def test_a_model_with_a_name_of_the_stacks_own_is_refused_and_the_fix_leaves_no_error(name: str) -> None:
    changes = named(name, "chat")
    finding = found(planned(changes), "NAME_TAKEN")
    assert (finding.severity, finding.path) == ("error", f"models.{name}")
    mended = parse(StackInput("tke-llm", "dev", "ap-guangzhou", apply_fix(sections(changes), finding.fix)))
    assert mended.settings is not None
    assert len(mended.settings.models) == 2
    assert "NAME_TAKEN" not in codes(planned({**changes, **dict(finding.fix)}))


@pytest.mark.parametrize("second", ["chat-group", "chat-ingress"])
def test_a_model_with_the_name_of_another_ones_service_is_refused(second: str) -> None:
    finding = found(planned(named("chat", second)), "NAME_TAKEN")
    assert finding.path == f"models.{second}"
    assert "model chat" in finding.message


@pytest.mark.parametrize("name", sorted(STACK_POOLS))
def test_a_pool_with_the_name_of_the_cpu_nodes_is_refused(name: str) -> None:
    changes = {"pools": {name: {"instanceType": "PNV4.7XLARGE116"}}}
    assert found(planned(changes), "NAME_TAKEN").path == f"pools.{name}"


@pytest.mark.parametrize("end", SECRETS)
def test_a_secret_of_the_users_with_the_name_of_one_of_ours_is_refused(end: str) -> None:
    changes = {"expose": {**GATEWAY, "tls": {"secret": f"chat{end}"}}, "images.pullSecret": "webui"}
    paths = {each.path for each in planned(changes).errors if each.code == "NAME_TAKEN"}
    assert paths == {"expose.tls.secret", "images.pullSecret"}


NASTY = (
    ("a", "a-b", "b", "a-b-c", "c", "b-c", "x" * 40, "x" * 39),
    ("chat", "chat-download", "chat-api-key", "chat-api", "chat-key", "download", "group", "ingress"),
    ("key", "api-key", "server", "service", "default-deny", "allow-dns", "namespace", "inference"),
)


@pytest.mark.parametrize("names", NASTY, ids=lambda names: names[1])
@pytest.mark.parametrize("via", [pytest.param("port-forward", marks=pytest.mark.exhaustive), "gateway"])
def test_names_of_all_objects_are_unique_for_models_with_names_that_invite_a_clash(
    names: tuple[str, ...], via: str
) -> None:
    expose = {"expose": GATEWAY} if via == "gateway" else {}
    registrations = registered({**named(*names), **expose})
    assert [each for each, count in Counter(objects(registrations)).items() if count > 1] == []
    assert len({each.urn for each in registrations}) == len(registrations)


def test_every_name_of_an_object_comes_from_a_model_or_is_in_the_list() -> None:
    changes = {
        "expose": {"via": "ingress", "host": "chat.example.com", "tls": {"certificateId": "abc"}},
        "webui.replicas": 2,
    }
    kinds = ("Deployment", "Service", "Secret", "PersistentVolumeClaim", "Ingress", "Job", "ConfigMap")
    made = objects(registered(changes, secrets=("databaseUrl",)))
    names = {name for type_, _, name in made if type_.rpartition(":")[2] in kinds}
    models = settings(changes).models
    ours = {name for name in names if not any(name == model or name.startswith(f"{model}-") for model in models)}
    # A Job's name ends in a mark of what it does.
    assert {re.sub(r"-[0-9a-f]{8}$", "", name).removesuffix("-ingress") for name in ours} <= STACK_NAMES
    assert {"webui", "webui-redis", "ai-model"} <= ours
