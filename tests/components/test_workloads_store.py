"""Storage classes and claims."""

from dataclasses import replace
from typing import Any

import pulumi

from components.workloads.model_store import ModelStore, ModelStoreArgs
from tests.components.plans import STORAGE
from tests.components.recorder import ComponentRun, build

CLASS = "storage.k8s.io/v1:StorageClass"
CLAIM = "core/v1:PersistentVolumeClaim"


def store(**changes: Any) -> ComponentRun:
    plan = replace(STORAGE, **changes.pop("plan", {}))

    def make() -> dict[str, pulumi.Output[Any]]:
        driver = pulumi.CustomResource("test:index:Addon", "cfs", {})
        disk_driver = pulumi.CustomResource("test:index:Addon", "cbs", {})
        args = {
            "namespace": "llm",
            "retain": False,
            "parameters": {"vpcid": "vpc-1", "storagetype": "HP"},
            "after": [driver],
            "webui_after": [disk_driver],
        }
        made = ModelStore(
            "store",
            ModelStoreArgs(plan=plan, **{**args, **changes}),
        )
        return {"claim": made.claim, "webui": made.webui_claim or pulumi.Output.from_input(None)}

    return build(make)


def test_models_are_kept_on_one_shared_volume_of_the_class_cfs_ai() -> None:
    made = store()
    storage_class, claim = made.one(CLASS, "store-models-class").inputs, made.one(CLAIM, "store-models-claim").inputs
    assert storage_class["metadata"]["name"] == "cfs-ai"
    assert storage_class["provisioner"] == "com.tencent.cloud.csi.tcfs.cfs"
    assert storage_class["parameters"] == {"vpcid": "vpc-1", "storagetype": "HP"}
    assert claim["metadata"]["name"] == "ai-model"
    assert claim["metadata"]["namespace"] == "llm"
    assert claim["spec"] == {
        "storageClassName": "cfs-ai",
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": "100Gi"}},
    }
    assert made.seen["claim"].value == "ai-model"


def test_the_page_gets_a_disk_that_is_made_where_its_pod_runs() -> None:
    made = store()
    storage_class, claim = made.one(CLASS, "store-webui-class").inputs, made.one(CLAIM, "store-webui-claim").inputs
    assert storage_class["metadata"]["name"] == "cbs-webui"
    assert storage_class["provisioner"] == "com.tencent.cloud.csi.cbs"
    assert storage_class["parameters"]["diskType"] == "CLOUD_PREMIUM"
    assert storage_class["volumeBindingMode"] == "WaitForFirstConsumer"
    assert storage_class["allowVolumeExpansion"] is True
    assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"
    assert made.seen["webui"].value == "webui"


def test_a_claim_waits_for_its_own_driver_and_class() -> None:
    made = store()
    models, webui = made.one(CLAIM, "store-models-claim"), made.one(CLAIM, "store-webui-claim")
    assert made.depends(models, made.one("test:index:Addon", "cfs"))
    assert made.depends(webui, made.one("test:index:Addon", "cbs"))
    assert not made.depends(webui, made.one("test:index:Addon", "cfs"))
    assert made.depends(models, made.one(CLASS, "store-models-class"))


def test_a_class_that_is_replaced_does_not_take_the_models_with_it() -> None:
    """A claim that read the class's output would be replaced with it, and its files would be gone."""
    made = store()
    for claim in made.of(CLAIM):
        sources = {urn for each in claim.registration.property_dependencies.values() for urn in each}
        assert not sources & {each.urn for each in made.of(CLASS)}


def test_deleting_a_claim_is_waited_for_and_nothing_is_deleted_with_something_else() -> None:
    for each in store().resources:
        assert "skipAwait" not in str(each.inputs)
        assert not each.registration.deleted_with


def test_another_model_does_not_resize_a_cfs_claim() -> None:
    made = store()
    assert list(made.one(CLAIM, "store-models-claim").registration.ignore_changes) == ["spec.resources"]
    assert not made.one(CLAIM, "store-webui-claim").registration.ignore_changes


def test_without_retain_volumes_go_with_their_claims() -> None:
    assert {each.inputs["reclaimPolicy"] for each in store().of(CLASS)} == {"Delete"}


def test_with_retain_volumes_outlive_their_claims() -> None:
    made = store(retain=True)
    assert {each.inputs["reclaimPolicy"] for each in made.of(CLASS)} == {"Retain"}
    assert not any(each.registration.retain_on_delete for each in made.of(CLAIM))


def test_with_retain_a_claim_on_a_foreign_class_stays() -> None:
    made = store(retain=True, plan={"webui_class": "fast", "makes_webui_class": False})
    assert made.one(CLAIM, "store-webui-claim").registration.retain_on_delete
    assert not made.one(CLAIM, "store-models-claim").registration.retain_on_delete


def test_an_existing_class_is_used_as_it_is() -> None:
    made = store(plan={"kind": "class", "class_name": "nfs"}, parameters=None)
    assert [each.name for each in made.of(CLASS)] == ["store-webui-class"]
    assert made.one(CLAIM, "store-models-claim").inputs["spec"]["storageClassName"] == "nfs"


def test_an_existing_class_for_the_page_is_used_even_under_the_name_of_ours() -> None:
    made = store(plan={"makes_webui_class": False}, suffix="-dev")
    assert [each.name for each in made.of(CLASS)] == ["store-models-class"]
    assert made.one(CLAIM, "store-webui-claim").inputs["spec"]["storageClassName"] == "cbs-webui"


def test_the_default_class_of_a_cluster_is_not_named() -> None:
    made = store(plan={"kind": "class", "webui_class": "", "makes_webui_class": False}, parameters=None)
    assert made.of(CLASS) == []
    assert all("storageClassName" not in each.inputs["spec"] for each in made.of(CLAIM))


def test_no_page_no_disk() -> None:
    made = store(plan={"webui_class": None})
    assert [each.name for each in made.of(CLAIM)] == ["store-models-claim"]
    assert made.seen["webui"].value is None


def test_two_stacks_on_one_cluster_make_classes_of_their_own() -> None:
    made = store(suffix="-dev")
    assert {each.inputs["metadata"]["name"] for each in made.of(CLASS)} == {"cfs-ai-dev", "cbs-webui-dev"}
    assert made.one(CLAIM, "store-models-claim").inputs["spec"]["storageClassName"] == "cfs-ai-dev"
