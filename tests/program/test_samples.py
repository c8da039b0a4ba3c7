"""The whole program, `__main__.py` as it stands, for every sample stack."""

import ast

import pytest
import yaml

from policy.pods import pods
from policy.rule import items, mapping
from rehearsal.cloud import Cloud
from rehearsal.manifests import manifests
from rehearsal.registration import MASK, Secret
from rehearsal.render import files
from rehearsal.run import rehearse
from settings.outputs import ALWAYS, OUTPUTS
from tests.empties import empty_places
from tests.program.rehearsed import (
    NAMES,
    PROGRAM,
    command,
    each_of,
    exports,
    given,
    registrations,
    reported,
    secrets_of,
    story,
    unseeded,
)

each_stack = each_of(NAMES)


@each_stack
def test_a_sample_has_no_error_and_registers_resources(name):
    told = story(name)
    assert not [each for each in told.diagnostics if each.severity == "error"]
    assert any(each.custom for each in told.recording.registrations)


@each_stack
def test_the_outputs_are_those_of_the_design(name):
    assert set(story(name).recording.exports) >= ALWAYS


@pytest.mark.exhaustive
def test_every_output_is_documented_and_every_documented_one_comes_from_some_stack():
    exported = set().union(*map(exports, NAMES))
    # With `retain`, which no sample has set on a store that it makes, and with a managed Prometheus.
    assert exported | {"modelStore", "monitoring"} == OUTPUTS.keys()


@each_stack
def test_every_container_writes_only_into_bounded_folders(name):
    for each in registrations(name):
        for pod in pods(each.type, each.inputs):
            for container in pod.containers:
                assert mapping(container.spec, "securityContext")["readOnlyRootFilesystem"] is True, container.path
            for volume in items(pod.spec, "volumes"):
                assert "emptyDir" not in volume or mapping(volume, "emptyDir")["sizeLimit"], volume["name"]


@each_stack
def test_secret_outputs_are_secret(name):
    exports = story(name).recording.exports
    for output in ("apiKeys", "kubeconfig"):
        assert isinstance(exports[output], Secret) or exports[output] in (None, {})
    admin = exports["webuiAdmin"]
    assert isinstance(admin, Secret) or (isinstance(admin, dict) and isinstance(admin["password"], Secret))


@each_stack
def test_every_resource_hangs_below_the_stack_component(name):
    (root,) = [each for each in registrations(name) if not each.parent]
    assert root.type.endswith(":LlmStack")


@each_stack
def test_every_object_of_kubernetes_uses_the_provider_of_the_stack(name):
    providers = {each.provider_urn for each in registrations(name) if each.type.startswith("kubernetes:")}
    assert len(providers) == 1
    assert providers != {""}


@each_stack
def test_no_object_of_kubernetes_has_an_empty_map_or_list(name):
    """The provider would find it missing from what the API server keeps, at every `up` (pulumi-kubernetes 4.34)."""
    objects = [each for each in registrations(name) if each.type.startswith("kubernetes:")]
    assert [f"{each.name}: {path}" for each in objects for path in empty_places(each.inputs)] == []


@each_stack
def test_pods_without_a_gpu_choose_nodes_without_one(name):
    """The taint of GPU nodes only asks, so it is not what keeps them away."""
    with_gpu = [dict(pool.labels) for pool in story(name).plan.pools.values() if pool.gpu]
    for each in registrations(name):
        for pod in pods(each.type, each.inputs):
            if "nvidia.com/gpu" in str(pod.spec):
                continue
            selector = mapping(pod.spec, "nodeSelector")
            assert not [labels for labels in with_gpu if selector.items() <= labels.items()], each.name


@each_stack
def test_a_rehearsal_says_the_same_twice(name):
    first, again = story(name), rehearse(given(name), PROGRAM)
    assert again.recording is not None
    assert again.recording.registrations == first.recording.registrations
    assert again.recording.exports == first.recording.exports


@each_stack
def test_a_first_preview_needs_nothing_that_is_not_known_yet(name):
    previewed = rehearse(given(name), PROGRAM, preview=True)
    assert previewed.recording is not None
    made = {each.urn for each in registrations(name)}
    assert {each.urn for each in previewed.recording.registrations} <= made


@pytest.mark.exhaustive
def test_every_sample_of_one_process_is_rehearsed_as_in_its_own():
    for name in reversed(NAMES):
        again = rehearse(given(name), PROGRAM)
        assert again.recording is not None
        assert [each.urn for each in again.recording.registrations] == [each.urn for each in registrations(name)]


@each_stack
def test_manifests_are_objects_in_an_order_that_can_be_applied(name):
    made = manifests(registrations(name))
    kinds = [each.kind for each in made]
    assert [each.file for each in made] == sorted(each.file for each in made)
    assert kinds.index("Namespace") == 0
    for each in made:
        content = yaml.safe_load(each.text)
        assert content["apiVersion"]
        assert content["metadata"]["name"] == each.name
        annotations = content["metadata"].get("annotations", {})
        assert not any(key.startswith("pulumi.com/") for key in annotations)
        for value in content.get("stringData", {}).values():
            assert value == MASK
    for first, later in (("PersistentVolumeClaim", "Job"), ("Secret", "Deployment"), ("ConfigMap", "Job")):
        if first in kinds and later in kinds:
            assert kinds.index(first) < kinds.index(later)


@each_stack
def test_no_secret_is_found_in_anything_that_is_written(name):
    rehearsal = unseeded(name)
    assert rehearsal.plan is not None
    assert rehearsal.recording is not None
    secrets = secrets_of(rehearsal.recording)
    assert secrets
    written = files(rehearsal.plan, rehearsal.recording.registrations)
    for path, text in written.items():
        assert not [secret for secret in secrets if secret in text], path


@each_stack
def test_two_runs_have_no_secret_in_common(name):
    again = rehearse(given(name), PROGRAM, Cloud())
    assert not secrets_of(unseeded(name).recording) & secrets_of(again.recording)


@each_stack
@pytest.mark.usefixtures("told")
def test_check_and_rehearse_agree(name, tmp_path):
    checked = reported("check", name)
    rehearsed = reported("rehearse", name, "--out", str(tmp_path / "out"))
    assert checked["diagnostics"] == rehearsed["diagnostics"]
    assert checked["plan"] == rehearsed["plan"]
    assert checked["ready"] is rehearsed["ready"] is True


@each_stack
@pytest.mark.usefixtures("told")
def test_no_secret_is_printed(name, tmp_path):
    secrets = secrets_of(story(name).recording)
    for arguments in ((), ("--json",)):
        result = command("rehearse", name, "--out", str(tmp_path / "out"), *arguments)
        assert result.exit_code == 0
        assert not [secret for secret in secrets if secret in result.output]


def test_the_program_is_short_and_has_no_logic_of_its_own():
    text = PROGRAM.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 30
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
