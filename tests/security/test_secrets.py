"""Each secret: who holds it, and that nobody else can come by it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from policy.pods import pods as templates
from rehearsal.registration import Secret, mask
from rehearsal.render import files
from settings.paths import value_at
from tests.program.rehearsed import secrets_of
from tests.security.pods import ROLES
from tests.security.stacks import STACKS, objects, registrations, rehearsed

HOLDERS = {
    "api-key": {"model", "smoke test"},
    "webui": {"page", "smoke test"},
    "webui-redis": {"redis"},
    "api-redis": {"counters"},
    # Of the clients' keys its own alone.
    "api-clients": {"smoke test"},
    "download": {"download"},
}
"""Which parts of the stack may hold a Secret, by the end of the Secret's name."""


def held(name: str) -> Iterator[tuple[str, str, str]]:
    """(Secret, role, instance) of every reference in a pod, by variable or by volume."""
    for each in registrations(name):
        for template in templates(each.type, each.inputs):
            labels: Any = template.metadata["labels"]
            role = ROLES[labels["app.kubernetes.io/component"]]
            for secret in _references(template.spec):
                yield secret, role, labels["app.kubernetes.io/instance"]


def asked_by_gateways(name: str) -> Iterator[str]:
    """Secrets that Envoy Gateway reads for the API of all models: the clients' keys, and each engine's."""
    for policy in objects(name, "SecurityPolicy"):
        yield from (each["name"] for each in policy["spec"]["apiKeyAuth"]["credentialRefs"])
    for route_filter in objects(name, "HTTPRouteFilter"):
        if injected := route_filter["spec"].get("credentialInjection"):
            yield injected["credential"]["valueRef"]["name"]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if key == "secretKeyRef":
                yield part["name"]
            elif key == "secret" and isinstance(part, dict) and "secretName" in part:
                yield part["secretName"]
            else:
                yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


@pytest.mark.parametrize("name", STACKS)
def test_a_secret_is_held_by_its_own_pods_alone(name: str) -> None:
    references = list(held(name))
    assert references
    for secret, role, instance in references:
        kept = re.sub(r"^(api-clients)-[0-9a-f]{8}$", r"\1", secret)
        kind = next(end for end in sorted(HOLDERS, key=len, reverse=True) if kept.endswith(end))
        assert role in HOLDERS[kind], (secret, role)
        if role in ("model", "download"):
            assert secret == f"{instance}-{kind}"


@pytest.mark.parametrize("name", STACKS)
def test_every_secret_that_is_made_is_one_of_the_table_or_names_a_certificate(name: str) -> None:
    used = {*(secret for secret, _, _ in held(name)), *asked_by_gateways(name)}
    for secret in objects(name, "Secret"):
        data: Any = mask(secret["stringData"])
        known = secret["metadata"]["name"] in used or set(data) == {"qcloud_cert_id"}
        assert known, secret["metadata"]["name"]


@pytest.mark.parametrize("name", STACKS)
def test_what_a_secret_holds_is_sealed(name: str) -> None:
    for secret in objects(name, "Secret"):
        data = secret["stringData"]
        if isinstance(data, dict) and set(data) == {"qcloud_cert_id"}:
            continue
        assert isinstance(data, Secret) or all(isinstance(value, Secret) for value in data.values())


@pytest.mark.parametrize("name", STACKS)
def test_no_pod_can_ask_kubernetes_for_a_secret_or_take_one_from_its_node(name: str) -> None:
    for each in registrations(name):
        for template in templates(each.type, each.inputs):
            assert template.spec["automountServiceAccountToken"] is False
            volumes: Any = template.spec.get("volumes", [])
            folders = [volume["hostPath"]["path"] for volume in volumes if "hostPath" in volume]
            # One pod makes the folder for models' files, and sees that alone.
            made_for = value_at(each.inputs, "metadata", "namespace") == "llm-node-cache"
            assert folders == (["/var/lib/tke-llm/llm/gpu"] if made_for else [])
    assert not [*objects(name, "Role"), *objects(name, "ClusterRole"), *objects(name, "RoleBinding")]


@pytest.mark.parametrize("name", STACKS)
def test_nothing_that_is_written_or_put_out_holds_a_secret_in_clear(name: str) -> None:
    done = rehearsed(name)
    assert done.plan is not None
    assert done.recording is not None
    recorded = done.recording
    secrets = secrets_of(done.recording)
    assert secrets
    shown = [*files(done.plan, recorded.registrations).values(), str(mask(recorded.exports)), repr(done.plan)]
    for text in shown:
        assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("name", ["gateway-two-keyed", "ingress-of-two-keyed"])
def test_every_model_has_a_key_of_its_own(name: str) -> None:
    keys = [each for each in registrations(name) if each.name.endswith("-random-key")]
    assert len(keys) == 2
    assert len({str(each.outputs["result"].value) for each in keys if isinstance(each.outputs["result"], Secret)}) == 2
