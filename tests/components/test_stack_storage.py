"""Where the models' files lie: behind a class, on a file system that is made, kept or there already."""

from typing import Any

import pytest

from tests.components.recorder import ComponentRun
from tests.components.whole_stack import BY_ID, DEPLOYMENT, DOWNLOAD, JOB, named, pod, up

CLASS = "storage.k8s.io/v1:StorageClass"
CLAIM = "core/v1:PersistentVolumeClaim"
VOLUME = "core/v1:PersistentVolume"
FILES = "cfs/fileSystem:FileSystem"
TURBO: dict[str, object] = {
    "storage": {"kind": "cfs-turbo", "capacity": 20480, "ccnId": "ccn-1", "turboCidr": "11.0.0.0/24"}
}
GIVEN: dict[str, object] = {"storage": {"fileSystemId": "abcd1234", "mountHost": "10.0.0.9", "mountPath": "/shared"}}


def claim(made: ComponentRun) -> dict[str, Any]:
    return named(made, CLAIM, "ai-model").inputs["spec"]


def volume(made: ComponentRun) -> dict[str, Any]:
    return made.one(VOLUME).inputs["spec"]


def kept(made: ComponentRun) -> set[str]:
    return {each.name for each in made.resources if each.registration.retain_on_delete}


def test_by_default_the_claims_class_makes_the_file_system_which_goes_with_it() -> None:
    made = up()
    assert claim(made)["storageClassName"] == "cfs-ai"
    assert named(made, CLASS, "cfs-ai").inputs["reclaimPolicy"] == "Delete"
    assert made.of(FILES) == made.of(VOLUME) == []
    assert kept(made) == set()
    assert "modelStore" not in made.seen


def test_a_retained_store_is_a_file_system_of_the_stack_that_volumes_name() -> None:
    made = up({"retain": True})
    files = made.one(FILES)
    assert (files.inputs["storageType"], files.inputs["protocol"]) == ("HP", "NFS")
    assert volume(made)["csi"] == {
        "driver": "com.tencent.cloud.csi.cfs",
        "volumeHandle": "ai-model",
        "volumeAttributes": {"fsid": "abcd1234", "host": "10.0.255.242", "path": "/", "vers": "3"},
    }
    assert volume(made)["persistentVolumeReclaimPolicy"] == "Retain"
    assert (claim(made)["storageClassName"], claim(made)["volumeName"]) == ("", "ai-model")
    assert volume(made)["claimRef"] == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": "llm",
        "name": "ai-model",
    }


def test_a_retained_file_system_stays_with_all_that_its_mount_target_stands_on() -> None:
    made = up({"retain": True})
    assert kept(made) == {
        "llm-files-cfs",
        "llm-storage-access-group",
        "llm-storage-access-rule",
        "llm-network-vpc",
        "llm-network-subnet-store",
    }
    assert made.one(FILES).inputs["subnetId"] == "llm-network-subnet-store-id"


def test_the_subnet_that_stays_is_in_the_way_of_none_that_a_new_stack_makes() -> None:
    made = up({"retain": True, "network.zones": ["ap-guangzhou-6", "ap-guangzhou-7", "ap-guangzhou-3"]})
    ranges = {each.name: each.inputs["cidrBlock"] for each in made.of("subnet/instance:Instance")}
    assert ranges.pop("llm-network-subnet-store") == "10.0.255.240/28"
    assert not [cidr for cidr in ranges.values() if cidr.startswith("10.0.224.")]


def test_the_output_says_how_another_stack_finds_the_models() -> None:
    made = up({"retain": True})
    again = made.seen["modelStore"].value
    assert again == {
        "storage.kind": "cfs",
        "storage.fileSystemId": "abcd1234",
        "storage.mountHost": "10.0.255.242",
        "network.vpcId": "llm-network-vpc-id",
    }
    found = up({**again, "network.vpcId": "vpc-kept", "network.nat": True})
    assert found.of(FILES) == found.of("vpc/instance:Instance") == []
    assert volume(found)["csi"]["volumeAttributes"] == volume(made)["csi"]["volumeAttributes"]
    assert {each.inputs["vpcId"] for each in found.of("subnet/instance:Instance")} == {"vpc-kept"}
    assert found.one("nat/gateway:Gateway").inputs["vpcId"] == "vpc-kept"


def test_in_a_network_that_exists_a_retained_file_system_takes_nothing_of_it_along() -> None:
    made = up({**BY_ID, "retain": True})
    assert made.one(FILES).inputs["subnetId"] == "subnet-1"
    assert kept(made) == {"llm-files-cfs", "llm-storage-access-group", "llm-storage-access-rule"}


def test_a_file_system_that_exists_is_mounted_and_nothing_is_made_or_deleted() -> None:
    made = up({**BY_ID, **GIVEN})
    assert made.of("cfs/") == made.of(FILES) == []
    assert volume(made)["csi"]["volumeAttributes"] == {
        "fsid": "abcd1234",
        "host": "10.0.0.9",
        "path": "/shared",
        "vers": "3",
    }


def test_the_id_of_a_file_system_leads_to_the_name_of_its_mount_target() -> None:
    made = up({**BY_ID, "storage": {"fileSystemId": "cfs-1", "mountHost": "10.0.0.9"}})
    assert volume(made)["csi"]["volumeAttributes"]["fsid"] == "abcd1234"


def test_two_stacks_that_share_a_file_system_have_volumes_of_their_own() -> None:
    names = [up({**BY_ID, **GIVEN}, stack=stack).one(VOLUME).inputs["metadata"]["name"] for stack in ("dev", "prod")]
    assert names == ["ai-model-dev", "ai-model-prod"]


def test_another_model_does_not_resize_a_volume_that_bills_what_is_used() -> None:
    made = up({"retain": True})
    assert list(made.one(VOLUME).registration.ignore_changes) == ["spec.capacity"]
    assert "spec.resources" in named(made, CLAIM, "ai-model").registration.ignore_changes


def test_turbo_is_made_in_the_connected_network_and_mounted_by_its_own_driver() -> None:
    made = up(TURBO)
    files = made.one(FILES)
    assert (files.inputs["protocol"], files.inputs["capacity"]) == ("TURBO", 20480)
    assert made.depends(files, made.one("ccn/attachmentV2:AttachmentV2"))
    assert volume(made)["csi"]["driver"] == "com.tencent.cloud.csi.cfsturbo"
    assert volume(made)["csi"]["volumeAttributes"] == {"fsid": "abcd1234", "host": "10.0.255.242", "path": "/"}
    assert claim(made)["storageClassName"] == ""
    addons = {each.inputs["addonName"]: each for each in made.of("addon:Addon")}
    assert {"cfs", "cfsturbo"} & addons.keys() == {"cfsturbo"}
    assert made.depends(named(made, CLAIM, "ai-model"), addons["cfsturbo"])
    assert made.of("CSIDriverPatch") == []


def test_a_turbo_that_exists_is_reached_through_its_network() -> None:
    made = up({"storage": {"kind": "cfs-turbo", "fileSystemId": "abcd1234", "mountHost": "11.0.0.7", "ccnId": "ccn-1"}})
    assert made.of(FILES) == []
    attachment = made.one("ccn/attachmentV2:AttachmentV2")
    assert attachment.inputs["instanceId"] == "llm-network-vpc-id"
    assert made.depends(made.one(VOLUME), attachment)


def test_super_nodes_find_the_driver_of_turbo_wherever_it_came_from() -> None:
    made = up({**TURBO, "pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}})
    driver = made.one("CSIDriverPatch")
    assert driver.inputs["metadata"]["name"] == "com.tencent.cloud.csi.cfsturbo"
    assert driver.inputs["spec"] == {"attachRequired": False, "podInfoOnMount": False}
    assert made.depends(named(made, CLAIM, "ai-model"), driver)


def test_a_class_that_exists_is_used_as_it_is() -> None:
    made = up({"storage": {"kind": "class", "className": "fast-nfs"}})
    assert claim(made)["storageClassName"] == "fast-nfs"
    assert claim(made)["accessModes"] == ["ReadWriteMany"]
    assert [each.inputs["metadata"]["name"] for each in made.of(CLASS)] == ["cbs-webui"]
    assert made.of("cfs/accessGroup:AccessGroup") == []


@pytest.mark.parametrize(
    "changes", [{}, {"retain": True}, TURBO, {**BY_ID, **GIVEN}], ids=["class", "kept", "turbo", "given"]
)
def test_every_store_ends_in_one_claim_that_downloads_write_and_servers_read(changes: dict[str, object]) -> None:
    made = up(changes)
    assert claim(made)["accessModes"] == ["ReadWriteMany"]
    for each, read_only in ((made.one(JOB, DOWNLOAD), False), (named(made, DEPLOYMENT, "chat"), True)):
        mount = next(m for m in pod(each)["containers"][0]["volumeMounts"] if m["name"] == "models")
        assert mount.get("readOnly", False) is read_only
        source = next(v for v in pod(each)["volumes"] if v["name"] == "models")
        assert source["persistentVolumeClaim"]["claimName"] == "ai-model"
    assert not any(each.registration.deleted_with for each in made.resources)
