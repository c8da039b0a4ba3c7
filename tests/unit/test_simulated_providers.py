"""What the simulated providers make of a change, and what they know of the SDK's resources."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import Mock

import pytest
from pulumi.runtime.proto import provider_pb2

from cli.faults import parse
from rehearsal.pulumi_engine import schema
from rehearsal.pulumi_engine.changes import changes
from rehearsal.pulumi_engine.environment import MissingEngineError, find
from rehearsal.pulumi_engine.faults import Fault, Faults
from rehearsal.pulumi_engine.providers import Provider
from rehearsal.pulumi_engine.rules import ruled_paths, rules_of
from rehearsal.pulumi_engine.world import CloudState
from rehearsal.registration import Secret, Unknown
from rehearsal.wire import encode

POOL = "tencentcloud:Kubernetes/nodePool:NodePool"
NATIVE = "tencentcloud:Kubernetes/nativeNodePool:NativeNodePool"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
JOB = "kubernetes:batch/v1:Job"
SECRET = "kubernetes:core/v1:Secret"


def judged(type_: str, old: Mapping[str, object], new: Mapping[str, object]) -> dict[str, bool]:
    """Paths that differ, and whether the difference makes a new resource."""
    return {each.text: each.replaces for each in changes(old, new, rules_of(type_))}


def test_every_rule_is_about_a_property_that_the_sdk_knows() -> None:
    unknown = [f"{type_} {'.'.join(path)}" for type_, path in ruled_paths() if not schema.knows(type_, path)]

    assert unknown == []


def test_equal_properties_do_not_differ() -> None:
    given = {"a": {"b": [1, {"c": "d"}]}, "e": None}

    assert judged(POOL, given, {"a": {"b": [1, {"c": "d"}]}}) == {}


def test_a_change_is_named_by_its_path_in_the_engines_writing() -> None:
    old = {"metadata": {"labels": {"a/b.c": "1"}}, "spec": {"list": [{"x": 1}]}}
    new = {"metadata": {"labels": {"a/b.c": "2"}}, "spec": {"list": [{"x": 2}, {"x": 3}]}}

    assert list(judged(DEPLOYMENT, old, new)) == ['metadata.labels["a/b.c"]', "spec.list[0].x", "spec.list[1]"]


@pytest.mark.parametrize(("type_", "differs"), [(ROUTE, True), (DEPLOYMENT, False)])
def test_an_empty_map_of_metadata_is_a_change_of_a_custom_resource_every_time(type_: str, differs: bool) -> None:
    """Seen with pulumi-kubernetes 4.34 on a real API server, which keeps no empty annotations; the provider takes them
    out of the new inputs for its own kinds alone (normalizeInputs in provider/pkg/provider/provider.go)."""
    inputs = encode({"metadata": {"name": "chat", "annotations": {}}, "spec": {}})
    request = provider_pb2.DiffRequest(
        id="llm/chat", urn=f"urn:pulumi:dev::tke-llm::{type_}::chat", old_inputs=inputs, olds=inputs, news=inputs
    )
    with TemporaryDirectory() as folder:
        answer = Provider(CloudState.open(Path(folder) / "world", "seed"), Faults()).Diff(request, Mock())

    assert dict(answer.detailedDiff).keys() == ({"metadata.annotations"} if differs else set())
    assert (answer.changes == provider_pb2.DiffResponse.DIFF_SOME) is differs


def test_another_machine_makes_another_native_pool_and_another_size_does_not() -> None:
    assert judged(NATIVE, {"native": {"instanceTypes": ["A"]}}, {"native": {"instanceTypes": ["B"]}}) == {
        "native.instanceTypes[0]": True
    }
    assert judged(NATIVE, {"native": {"replicas": 1}}, {"native": {"replicas": 2}}) == {"native.replicas": False}


def test_a_driver_that_comes_or_goes_makes_another_pool_and_another_version_is_dropped() -> None:
    driver = {"gpuArgs": {"driver": {"version": "1"}}}

    assert judged(POOL, {"nodeConfig": {}}, {"nodeConfig": driver}) == {"nodeConfig.gpuArgs": True}
    assert judged(POOL, {"nodeConfig": driver}, {"nodeConfig": {"gpuArgs": {"driver": {"version": "2"}}}}) == {
        "nodeConfig.gpuArgs.driver.version": False
    }
    assert ("nodeConfig", "gpuArgs") in rules_of(POOL).drops


def test_bounds_and_size_of_an_ordinary_pool_are_refused_in_one_update() -> None:
    refusal = rules_of(POOL).refusal([("maxSize",), ("desiredCapacity",)])

    assert refusal is not None
    assert "at the same time" in refusal
    assert rules_of(POOL).refusal([("desiredCapacity",)]) is None


def test_a_storage_class_cannot_change_its_reclaim_policy() -> None:
    assert rules_of("kubernetes:storage.k8s.io/v1:StorageClass").refusal([("reclaimPolicy",)]) is not None


def test_a_pod_template_updates_a_deployment_and_replaces_a_job() -> None:
    old = {"spec": {"template": {"image": "1"}}}
    new = {"spec": {"template": {"image": "2"}}}

    assert judged(DEPLOYMENT, old, new) == {"spec.template.image": False}
    assert judged(JOB, old, new) == {"spec.template.image": True}


def test_an_unknown_value_counts_as_a_change_but_not_of_what_stands_below_it() -> None:
    assert judged(JOB, {"spec": {"template": {"image": "1"}}}, {"spec": Unknown()}) == {"spec": False}
    assert judged(JOB, {"spec": {"template": {"image": "1"}}}, {"spec": {"template": {"image": Unknown()}}}) == {
        "spec.template.image": True
    }


def test_a_secret_is_replaced_unless_the_provider_may_change_it() -> None:
    assert rules_of(SECRET).replaced_by(("stringData", "key"))
    assert not rules_of(SECRET, {"enableSecretMutable": "true"}).replaced_by(("stringData", "key"))
    assert rules_of(SECRET, {"enableSecretMutable": "true"}).replaced_by(("metadata", "name"))


def test_every_change_of_a_random_value_makes_another() -> None:
    assert rules_of("random:index/randomPassword:RandomPassword").replaced_by(("length",))


def test_an_input_that_the_provider_does_not_know_is_refused() -> None:
    assert schema.failures("tencentcloud:Vpc/instance:Instance", {"cidrBlock": "10.0.0.0/16", "cidr": "x"}) == [
        ("cidr", "is not known to the provider")
    ]


def test_a_missing_input_is_refused_and_an_unknown_one_is_not() -> None:
    type_ = "tencentcloud:Vpc/instance:Instance"

    assert schema.failures(type_, {}) == [("cidrBlock", "is missing")]
    assert schema.failures(type_, {"cidrBlock": Unknown()}) == []


def test_an_input_of_the_wrong_kind_is_refused_without_showing_it() -> None:
    found = schema.failures("tencentcloud:Vpc/instance:Instance", {"cidrBlock": Secret(["swordfish"])})

    assert found == [("cidrBlock", "must be of type str, not list")]


def test_nested_inputs_are_checked_too() -> None:
    inputs = {"clusterId": "cls-1", "name": "p", "type": "Native", "native": {"instanceType": "A"}}
    places = [place for place, _ in schema.failures(NATIVE, inputs)]

    assert "native.instanceType" in places
    assert "native.instanceTypes" in places


def test_a_cloud_resource_that_is_not_simulated_is_refused_and_a_custom_resource_is_not() -> None:
    assert schema.failures("tencentcloud:Mysql/instance:Instance", {}) != []
    assert schema.failures("kubernetes:example.com/v1:Thing", {"spec": {}}) == []


def test_a_fault_is_a_name_and_how_often() -> None:
    assert parse("llm-gpu-pool-nodes:2", "hang") == Fault("llm-gpu-pool-nodes", "hang", 2)
    assert parse("llm-gpu-pool-nodes") == Fault("llm-gpu-pool-nodes", "fail", 1)


@pytest.mark.parametrize("text", ["", ":1", "name:0", "name:many", "name:"])
def test_a_fault_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="RESOURCE"):
        parse(text)


def test_a_fault_happens_as_often_as_asked_and_only_to_its_resource() -> None:
    faults = Faults((Fault("pool", "fail", 2),))

    assert [faults.take(name) is not None for name in ("other", "pool", "pool", "pool")] == [False, True, True, False]


def test_without_pulumi_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(MissingEngineError, match="make engine"):
        find({"PATH": "", "XDG_CACHE_HOME": str(tmp_path)})
