"""The shared store on CFS."""

from ipaddress import IPv4Network
from typing import Any

import pulumi
import pytest

from components.cloud.storage import (
    FileSystem,
    FileSystemArgs,
    SharedStorage,
    SharedStorageArgs,
    cfs_attributes,
)
from components.naming import ACCESS_GROUP_NAME_LIMIT, Naming
from planner.plan.types import ConnectionPlan, MadeFileSystem, StoragePlan
from tests.components.recorder import ComponentRun, build

PLAN = StoragePlan(
    kind="cfs",
    provisioner="com.tencent.cloud.csi.tcfs.cfs",
    parameters=(("storagetype", "HP"), ("vers", "3")),
    request_gib=100,
    read_mbps=200,
    write_mbps=200,
    webui_class=None,
    webui_gib=20,
    webui_disk_type="CLOUD_PREMIUM",
    zone="ap-guangzhou-6",
)
NFS = MadeFileSystem(storage_type="HP")
MOUNT = {"tencentcloud:Cfs/fileSystem:FileSystem": {"fsId": "abcd1234", "mountIp": "10.0.0.9"}}


def storage(*, retain: bool = False, preview: bool = False, stack: str = "dev") -> ComponentRun:
    def make() -> dict[str, pulumi.Output[Any]]:
        made = SharedStorage(
            "storage",
            SharedStorageArgs(
                naming=Naming("tke-llm", stack),
                plan=PLAN,
                vpc_id="vpc-1",
                subnet_id="subnet-1",
                cidr="10.0.0.0/16",
                retain=retain,
            ),
        )
        return {"parameters": made.parameters, "group": made.access_group_id}

    return build(make, preview=preview)


def file_system(plan: MadeFileSystem = NFS, *, retain: bool = False) -> ComponentRun:
    def make() -> dict[str, pulumi.Output[Any]]:
        made = FileSystem(
            "store",
            FileSystemArgs(
                naming=Naming("tke-llm", "dev", {"team": "ml"}),
                plan=plan,
                zone="ap-guangzhou-6",
                capacity=20480,
                vpc_id="vpc-1",
                subnet_id="subnet-1",
                access_group_id="pgroup-1",
                retain=retain,
            ),
        )
        return {"attributes": made.volume_attributes, "driver": pulumi.Output.from_input(made.driver)}

    return build(make, outputs=MOUNT)


def test_the_vpc_alone_may_mount_the_store_and_root_may_hand_it_over() -> None:
    cloud = storage()
    rule = cloud.one("cfs/accessRule:AccessRule").inputs
    assert rule["authClientIp"] == "10.0.0.0/16"
    assert (rule["rwPermission"], rule["userPermission"]) == ("RW", "no_root_squash")
    assert rule["accessGroupId"] == "storage-access-group-id"


def test_volumes_are_made_in_the_plans_class_where_the_pool_is() -> None:
    cloud = storage()
    assert cloud.seen["parameters"].value == {
        "storagetype": "HP",
        "vers": "3",
        "vpcid": "vpc-1",
        "subnetid": "subnet-1",
        "zone": "ap-guangzhou-6",
        "pgroupid": "storage-access-group-id",
    }


def test_a_first_preview_does_not_know_the_access_group() -> None:
    seen = storage(preview=True).seen
    assert not seen["parameters"].known
    assert not seen["group"].known


@pytest.mark.parametrize("retain", [True, False])
def test_who_may_mount_a_retained_store_is_retained_with_it(retain: bool) -> None:
    cloud = storage(retain=retain)
    children = [r for r in cloud.resources if r.custom]
    assert len(children) == 2
    assert {r.registration.retain_on_delete for r in children} == {retain}


def test_the_access_groups_name_stays_within_its_limit() -> None:
    name = storage(stack="s" * 100).one("cfs/accessGroup:AccessGroup").inputs["name"]
    assert len(name) <= ACCESS_GROUP_NAME_LIMIT


def test_a_file_system_of_our_own_is_mounted_by_its_name_over_nfs_3() -> None:
    cloud = file_system()
    made = cloud.one("cfs/fileSystem:FileSystem")
    assert (made.inputs["storageType"], made.inputs["protocol"]) == ("HP", "NFS")
    assert made.inputs["tags"]["team"] == "ml"
    assert cloud.seen["driver"].value == "com.tencent.cloud.csi.cfs"
    assert cloud.seen["attributes"].value == {
        "fsid": "abcd1234",
        "host": "10.0.0.9",
        "path": "/",
        "vers": "3",
    }


def test_a_folder_of_an_existing_file_system_counts_from_its_root() -> None:
    assert cfs_attributes("abcd1234", "10.0.0.9", "/models/")["path"] == "/models"
    assert cfs_attributes("abcd1234", "10.0.0.9")["path"] == "/"


@pytest.mark.parametrize("retain", [True, False])
def test_a_file_system_follows_retain(retain: bool) -> None:
    assert file_system(retain=retain).one("cfs/fileSystem:FileSystem").registration.retain_on_delete is retain


def test_a_turbo_file_system_is_made_once_the_vpc_is_attached_to_its_network() -> None:
    connection = ConnectionPlan(ccn_id="ccn-1", region="ap-guangzhou")
    cloud = file_system(MadeFileSystem(storage_type="TP", connection=connection, cidr=IPv4Network("11.0.0.0/24")))
    made, attachment = cloud.one("cfs/fileSystem:FileSystem"), cloud.one("ccn/attachmentV2:AttachmentV2")
    assert cloud.depends(made, attachment)
    assert (made.inputs["protocol"], made.inputs["storageType"], made.inputs["netInterface"]) == ("TURBO", "TP", "CCN")
    assert (made.inputs["capacity"], made.inputs["cidrBlock"]) == (20480, "11.0.0.0/24")
    assert "vpcId" not in made.inputs
    assert cloud.seen["driver"].value == "com.tencent.cloud.csi.cfsturbo"
