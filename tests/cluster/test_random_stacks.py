"""Stacks by chance that are ready: the API server takes every object of theirs, by its own strict validation."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from rehearsal.cluster.objects import Paths, UnknownKindError, ref
from rehearsal.control_plane.api import Api, ApiError
from rehearsal.control_plane.plane import Access
from rehearsal.controllers.definitions import FOLDERS, Definitions
from rehearsal.registration import Registration
from rehearsal.run import rehearse
from settings.parse import StackInput
from tests.fuzz.generate import SAMPLES, stack_inputs
from tests.sent import sent

PROGRAM = Path(__file__).parents[2] / "__main__.py"


def objects(stack: StackInput) -> list[Registration]:
    """What the program registers in the cluster; nothing where the stack is not ready."""
    recording = rehearse(stack, PROGRAM).recording
    made = [] if recording is None else recording.registrations
    return [each for each in made if each.type.startswith("kubernetes:") and "helm.sh" not in each.type]


def refusals(api: Api, registrations: list[Registration]) -> list[str]:
    """What the API server says against objects that it is asked to apply and then to forget (dry run)."""
    wanted = [sent(each) for each in registrations]
    paths, said = known(api, wanted), []
    for each in sorted(wanted, key=lambda obj: obj["kind"] != "Namespace"):
        try:
            # Nothing can be asked of a namespace that is not there.
            api.apply(paths.of(ref(each)), each, dry=each["kind"] != "Namespace")
        except ApiError as error:
            said.append(f"{each['kind']} {each['metadata']['name']}: {error.message}")
    return said


def known(api: Api, wanted: list[dict[str, Any]]) -> Paths:
    """The paths of all these objects, once the API server serves their kinds."""
    kinds = {(each["apiVersion"].partition("/")[0], each["kind"]) for each in wanted}
    definitions = Definitions(api)
    for software in FOLDERS:
        definitions.install(software, kinds)
    deadline = time.monotonic() + 30
    while True:
        paths = Paths(api)
        try:
            for each in wanted:
                paths.of(ref(each))
        except UnknownKindError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        else:
            return paths


@settings(max_examples=20, derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stack=stack_inputs())
def test_the_api_server_takes_whatever_is_called_ready(access: Access, stack: StackInput) -> None:
    with access.api() as api:
        assert refusals(api, objects(stack)) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("spec", "template", "spec", "priorityClassName"), "Not A Name"),
        (("spec", "template", "spec", "serviceAccount"), 5),
        (("spec", "replicass"), 1),
    ],
)
def test_an_object_that_the_server_does_not_take_is_told(access: Access, place: tuple[str, ...], value: object) -> None:
    registrations = objects(SAMPLES["Pulumi.dev.yaml"])
    (deployment,) = [each for each in registrations if sent(each)["kind"] == "Deployment" and "webui" in each.name]
    planted = sent(deployment)
    inner = planted
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    spoilt = [replace(each, inputs=planted) if each is deployment else each for each in registrations]
    with access.api() as api:
        (said,) = refusals(api, spoilt)
    assert place[-1] in said
