"""The stand-in for the provider of Kubernetes holds to what was read of the provider: each test says where.

`kubernetes` is pulumi/pulumi-kubernetes at 9497796, `bridge` pulumi/pulumi-terraform-bridge at 59de6c6.
"""

import base64
from pathlib import Path
from typing import Any

import pytest

from rehearsal.pulumi_engine import schema
from rehearsal.pulumi_engine.rules import awaited, rules_of
from rehearsal.registration import Secret, Unknown
from rehearsal.wire import decode, encode
from tests.unit.provider_stand import CLUSTER, Inputs, RefusedError, Stand, paths

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
CLASS = "kubernetes:storage.k8s.io/v1:StorageClass"
SERVICE = "kubernetes:core/v1:Service"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
JOB = "kubernetes:batch/v1:Job"
ROUTE = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
GROUP = "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet"
SCALED = "kubernetes:keda.sh/v1alpha1:ScaledObject"
RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def named(**rest: Any) -> dict[str, Any]:
    return {"metadata": {"name": "it", "namespace": "llm"}, **rest}


# Check: normalizeInputs in provider/pkg/provider/provider.go, Normalize in provider/pkg/clients/unstructured.go


def test_a_secret_is_kept_with_its_texts_among_its_data_and_both_are_secret(stand: Stand) -> None:
    """kubernetes, normalizeSecretStringData in clients/unstructured.go, annotateSecrets in provider.go."""
    kept = decode(stand.checked(SECRET, named(stringData={"key": "word"}, data={"key": "b2xk"})).inputs)

    assert kept["data"] == Secret({"key": base64.b64encode(b"word").decode()})
    assert "stringData" not in kept


def test_what_is_unknown_leaves_an_object_as_it_was_written(stand: Stand) -> None:
    """kubernetes, normalizeInputs in provider.go (`!hasComputedValue`)."""
    given = named(stringData={"key": Unknown(), "other": "word"}, immutable=None)

    assert "stringData" in decode(stand.checked(SECRET, given).inputs)


@pytest.mark.parametrize("field", ["resourceVersion", "uid", "generation", "creationTimestamp", "managedFields"])
def test_what_only_the_api_server_writes_is_no_input(stand: Stand, field: str) -> None:
    """kubernetes, normalizeInputs in provider.go."""
    given = {"metadata": {"name": "it", "namespace": "llm", field: "1"}}

    assert decode(stand.checked(ROUTE, given).inputs) == named()


def test_a_list_with_one_secret_is_secret_as_a_whole_and_a_map_is_not(stand: Stand) -> None:
    """kubernetes, annotateSecrets in provider.go."""
    given = named(spec={"list": [{"a": Secret("word")}, "b"], "map": {"c": Secret("word"), "d": "e"}})

    kept = decode(stand.checked(DEPLOYMENT, given).inputs)["spec"]

    assert kept == {"list": Secret([{"a": "word"}, "b"]), "map": {"c": Secret("word"), "d": "e"}}


# Diff: pruneLiveState, inputPatch and forceNewProperties in provider/pkg/provider/{provider,diff}.go


@pytest.mark.parametrize(
    ("type_", "old", "new"),
    [
        (DEPLOYMENT, {"requests": {"cpu": "18000m"}}, {"requests": {"cpu": "18"}}),
        (DEPLOYMENT, {"limits": {"memory": "2048Mi"}}, {"limits": {"memory": "2Gi"}}),
        (CLAIM, {"resources": {"requests": {"storage": "20480Gi"}}}, {"resources": {"requests": {"storage": "20Ti"}}}),
        (DEPLOYMENT, {"nodeSelector": {}, "tolerations": []}, {}),
    ],
)
def test_two_writings_of_one_thing_are_no_change_of_kubernetes_own_kinds(
    stand: Stand, type_: str, old: Inputs, new: Inputs
) -> None:
    """kubernetes, Normalize in clients/unstructured.go (through Go's types: `omitempty`, Quantity)."""
    stand.create(type_, named(spec=old))

    assert paths(stand.diff(type_, named(spec=new))) == []


def test_a_group_with_a_quantity_in_another_form_than_the_api_servers_differs_at_every_up(stand: Stand) -> None:
    """kubernetes, shouldNormalize in provider.go leaves custom resources as they are; what LeaderWorkerSet's webhook
    answered (rules.yaml, `rewrites`) is what they are held against."""
    given = named(spec={"resources": {"requests": {"cpu": "18000m", "memory": "1149099Mi"}}})
    stand.create(GROUP, given)
    assert paths(stand.diff(GROUP, given)) == ["spec.resources.requests.cpu"]

    stand.update(GROUP, given)
    assert paths(stand.diff(GROUP, given)) == ["spec.resources.requests.cpu"]


def test_an_empty_map_in_the_spec_of_a_custom_resource_stays_and_one_in_its_metadata_does_not(stand: Stand) -> None:
    """kubernetes, shouldNormalize in provider.go; ObjectMeta of the API server; seen on HTTPRoute and EnvoyProxy."""
    given = {"metadata": {"name": "it", "namespace": "llm", "labels": {}}, "spec": {"filters": [], "other": {}}}
    stand.create(ROUTE, given)

    assert paths(stand.diff(ROUTE, given)) == ["metadata.labels"]


def test_no_namespace_and_the_default_one_are_the_same(stand: Stand) -> None:
    """kubernetes, canonicalNamespace in provider.go."""
    stand.create(CONFIG_MAP, {"metadata": {"name": "it"}, "data": {"a": "b"}})

    assert paths(stand.diff(CONFIG_MAP, {"metadata": {"name": "it", "namespace": "default"}, "data": {"a": "b"}})) == []


def test_what_the_api_server_adds_is_no_change_and_what_it_changed_is(stand: Stand) -> None:
    """kubernetes, pruneLiveState in provider.go and pruneMap, pruneSlice in util.go."""
    given = named(spec={"ports": [{"port": 80}]})
    stand.create(SERVICE, given)
    id_, old, _ = stand._state[SERVICE]
    answered = named(spec={"clusterIP": "172.16.0.1", "ports": [{"port": 81, "protocol": "TCP"}]})
    stand._state[SERVICE] = (id_, old, encode(answered))

    assert paths(stand.diff(SERVICE, given)) == ["spec.ports[0].port"]


@pytest.mark.parametrize(
    ("type_", "key", "switch"),
    [(SECRET, "data", "enableSecretMutable"), (CONFIG_MAP, "data", "enableConfigMapMutable")],
)
@pytest.mark.parametrize(
    ("on", "immutable", "replaced"), [(False, False, True), (True, False, False), (True, True, True)]
)
def test_data_replaces_unless_the_provider_may_change_it_and_the_object_is_not_immutable(
    tmp_path: Path, type_: str, key: str, switch: str, *, on: bool, immutable: bool, replaced: bool
) -> None:
    """kubernetes, forceNewProperties in diff.go."""
    stand = Stand(tmp_path, **({switch: "true"} if on else {}))
    more = {"immutable": True} if immutable else {}
    stand.create(type_, named(**{key: {"a": "YQ=="}}, **more))

    found = stand.diff(type_, named(**{key: {"a": "Yg=="}}, **more))

    assert paths(found) == [f"{key}.a"]
    assert bool(found.replaces) is replaced
    assert found.deleteBeforeReplace is replaced


def test_the_type_of_a_secret_replaces_it_even_where_its_data_do_not() -> None:
    """kubernetes, `core` in diff.go."""
    assert rules_of(SECRET, {"enableSecretMutable": "true"}).replaced_by(("type",))


def test_a_replaced_object_of_another_namespace_is_made_before_the_old_one_goes(stand: Stand) -> None:
    """kubernetes, deleteBeforeReplace in Diff of provider.go: same fixed name, same namespace."""
    stand.create(CONFIG_MAP, named(data={"a": "b"}))

    found = stand.diff(CONFIG_MAP, {"metadata": {"name": "it", "namespace": "other"}, "data": {"a": "b"}})

    assert list(found.replaces) == ["metadata.namespace"]
    assert not found.deleteBeforeReplace


def test_an_unknown_namespace_replaces(stand: Stand) -> None:
    """kubernetes, Diff in provider.go: a computed value is rendered as null in the patch and matched as a change."""
    stand.create(CONFIG_MAP, named(data={"a": "b"}))

    assert stand.diff(CONFIG_MAP, {"metadata": {"name": "it", "namespace": Unknown()}, "data": {"a": "b"}}).replaces


@pytest.mark.parametrize(
    ("type_", "path", "replaced"),
    [
        ("kubernetes:policy/v1:PodDisruptionBudget", ("spec", "minAvailable"), False),
        ("kubernetes:networking.k8s.io/v1:Ingress", ("spec", "ingressClassName"), False),
        ("kubernetes:core/v1:PersistentVolume", ("spec", "csi", "volumeHandle"), True),
        ("kubernetes:core/v1:PersistentVolume", ("spec", "capacity", "storage"), False),
        (CLAIM, ("spec", "storageClassName"), True),
        (SERVICE, ("spec", "type"), False),
        (SERVICE, ("spec", "clusterIP"), True),
        (CLASS, ("parameters", "zone"), True),
        (CLASS, ("reclaimPolicy",), False),
        (JOB, ("spec", "backoffLimit"), False),
        (JOB, ("spec", "template", "spec", "containers"), True),
        (DEPLOYMENT, ("spec", "template"), False),
        (GROUP, ("spec", "leaderWorkerTemplate"), False),
        (ROUTE, ("spec", "hostnames"), False),
        (ROUTE, ("metadata", "name"), True),
        (RELEASE, ("values", "replicas"), False),
        (RELEASE, ("namespace",), True),
    ],
)
def test_a_change_replaces_what_the_provider_forces_new(type_: str, path: tuple[str, ...], replaced: bool) -> None:
    """kubernetes, `forceNew` in diff.go (of PodDisruptionBudget for v1beta1 alone); forceNewFields in
    helm_release.go."""
    assert rules_of(type_).replaced_by(path) is replaced


def test_a_release_is_made_anew_before_the_old_one_goes(stand: Stand) -> None:
    """kubernetes, Diff in helm_release.go (`DeleteBeforeReplace: false`)."""
    stand.create(RELEASE, {"name": "keda", "namespace": "keda", "chart": "keda"})

    found = stand.diff(RELEASE, {"name": "keda", "namespace": "other", "chart": "keda"})

    assert list(found.replaces) == ["namespace"]
    assert not found.deleteBeforeReplace


def test_what_is_ignored_is_no_change_wherever_it_differs(stand: Stand) -> None:
    """kubernetes, `IgnoreChanges` in Diff of provider.go; bridge, newIgnoreChanges in pkg/tfbridge/diff.go."""
    stand.create(CLAIM, named(spec={"resources": {"requests": {"storage": "10Gi"}}}))

    assert (
        paths(stand.diff(CLAIM, named(spec={"resources": {"requests": {"storage": "20Gi"}}}), "spec.resources")) == []
    )


# DiffConfig in provider/pkg/provider/provider.go

KUBECONFIG = """
current-context: one
contexts: [{{name: one, context: {{cluster: a, user: u}}}}]
clusters: [{{name: a, cluster: {{server: "https://{server}"}}}}]
users: [{{name: u, user: {{token: "{token}"}}}}]
"""


@pytest.mark.parametrize(
    ("old", "new", "replaced"),
    [
        ({"clusterIdentifier": "cls-1"}, {"clusterIdentifier": "cls-2"}, ["clusterIdentifier"]),
        ({"clusterIdentifier": "cls-1"}, {"clusterIdentifier": Unknown()}, ["clusterIdentifier"]),
        ({}, {"clusterIdentifier": "cls-1"}, []),
        (
            {"clusterIdentifier": "cls-1", "kubeconfig": "{}"},
            {"clusterIdentifier": "cls-1", "kubeconfig": Unknown()},
            [],
        ),
        ({"kubeconfig": "{}"}, {"kubeconfig": Unknown()}, ["kubeconfig"]),
        (
            {"kubeconfig": KUBECONFIG.format(server="a", token="1")},
            {"kubeconfig": KUBECONFIG.format(server="b", token="1")},
            ["kubeconfig"],
        ),
        (
            {"kubeconfig": KUBECONFIG.format(server="a", token="1")},
            {"kubeconfig": KUBECONFIG.format(server="a", token="2")},
            [],
        ),
    ],
)
def test_another_cluster_makes_everything_anew_and_other_credentials_do_not(
    stand: Stand, old: Inputs, new: Inputs, replaced: list[str]
) -> None:
    """kubernetes, DiffConfig and getActiveClusterFromConfig."""
    assert stand.reconfigured(old, new) == replaced


# Create, Update, Read, Delete


def test_what_the_api_server_refuses_is_refused_in_the_preview_already(stand: Stand) -> None:
    """kubernetes, Update in provider.go: a preview without unknowns is a dry run."""
    stand.create(CLASS, {"metadata": {"name": "files"}, "provisioner": "x", "reclaimPolicy": "Delete"})
    wanted = {"metadata": {"name": "files"}, "provisioner": "x", "reclaimPolicy": "Retain"}

    with pytest.raises(RefusedError, match="reclaimPolicy cannot be changed"):
        stand.update(CLASS, wanted, preview=True)
    stand.update(CLASS, {**wanted, "mountOptions": [Unknown()]}, preview=True)


def test_an_upsert_takes_what_is_there_and_needs_a_cluster_that_answers_all_the_same(tmp_path: Path) -> None:
    """kubernetes, Creation in await.go (a server-side apply) and Create in provider.go (`clusterUnreachable`)."""
    stand = Stand(tmp_path, upsertExistingObjects="true")
    stand.create(CONFIG_MAP, named(data={"a": "b"}))
    stand.create(CONFIG_MAP, named(data={"a": "c"}))

    cloud = Stand(tmp_path)
    cloud.create(CLUSTER, {"clusterName": "c", "networkType": "CiliumOverlay"})
    (cluster,) = cloud.world.of_type("Kubernetes/cluster:Cluster")
    away = Stand(tmp_path, upsertExistingObjects="true", kubeconfig=cluster.id)
    with pytest.raises(RefusedError, match="unreachable"):
        away.create(CONFIG_MAP, named(data={"a": "d"}))


def test_an_object_that_is_gone_is_gone_for_a_refresh_and_deleted_without_a_word(stand: Stand) -> None:
    """kubernetes, Read in provider.go (404: `deleteResponse`) and nilIfGVKDeleted in await.go."""
    stand.create(CONFIG_MAP, named(data={"a": "b"}))
    stand.world.remove(next(stand.world.of_type("core/v1:ConfigMap")))

    assert stand.read(CONFIG_MAP) == ""
    stand.delete(CONFIG_MAP)
    with pytest.raises(RefusedError, match="does not exist"):
        stand.update(CONFIG_MAP, named(data={"a": "c"}))


def test_an_object_whose_controller_went_before_it_is_never_rid_of_its_finalizer(stand: Stand) -> None:
    """KEDA 2.21, controllers/keda/scaledobject_finalizer.go; kubernetes, NewDeleted in await/condition/deleted.go."""
    stand.create(RELEASE, {"name": "keda", "namespace": "keda", "chart": "keda"})
    stand.create(SCALED, named(spec={}))
    stand.delete(RELEASE)

    with pytest.raises(RefusedError, match="finalizer of llm/it"):
        stand.delete(SCALED)


# What the provider waits for: `awaiters` in provider/pkg/await/awaiters.go, ReadyCondition in metadata/overrides.go


def test_these_of_kubernetes_own_kinds_are_waited_for_and_no_others() -> None:
    """kubernetes, `awaiters` in await/awaiters.go; a Secret is waited for only of the type service-account-token, a
    ServiceAccount only before Kubernetes 1.24."""
    known = [each for each in schema.types() if each.startswith("kubernetes:")]

    assert {each.rpartition(":")[2] for each in known if awaited(each, {})} == {
        "Deployment", "StatefulSet", "DaemonSet", "Job", "Pod", "Service", "Ingress", "PersistentVolume",
        "PersistentVolumeClaim", "ResourceQuota",
    }  # fmt: skip


def test_a_claim_and_a_volume_are_waited_for_five_minutes_whatever_their_time_out() -> None:
    """kubernetes, untilCoreV1PersistentVolumeClaimReady in await/awaiters.go."""
    for type_ in (CLAIM, "kubernetes:core/v1:PersistentVolume"):
        found = awaited(type_, {})
        assert found is not None
        assert (found.seconds, found.read) == (300, False)


def test_a_custom_resource_is_waited_for_where_it_says_for_what() -> None:
    """kubernetes, ReadyCondition in metadata/overrides.go."""
    asked = {"metadata": {"annotations": {"pulumi.com/waitFor": "condition=Programmed"}}}
    found = awaited("kubernetes:gateway.networking.k8s.io/v1:Gateway", asked)

    assert awaited(ROUTE, named()) is None
    assert found is not None
    assert (found.until, found.seconds, found.read) == ("condition=Programmed", None, False)


def test_an_object_that_is_not_to_be_waited_for_is_not() -> None:
    """kubernetes, SkipAwaitLogic in metadata/overrides.go."""
    assert awaited(SERVICE, {"metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}}) is None
