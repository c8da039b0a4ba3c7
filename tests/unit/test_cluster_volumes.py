"""What the CSI drivers' stand-in makes of a claim, and what it refuses."""

from typing import Any

import pytest

from rehearsal.cluster.drivers import RefusedError, mount_refusal, provision

CBS, CFS, TURBO = "com.tencent.cloud.csi.cbs", "com.tencent.cloud.csi.tcfs.cfs", "com.tencent.cloud.csi.cfsturbo"
STATIC_CFS = "com.tencent.cloud.csi.cfs"
NETWORK = {"vpcid": "vpc-1", "subnetid": "subnet-1"}


def claim(storage: str = "20Gi", mode: str = "ReadWriteOnce") -> dict[str, Any]:
    return {
        "metadata": {"name": "data", "namespace": "llm", "uid": "u1"},
        "spec": {"accessModes": [mode], "resources": {"requests": {"storage": storage}}},
    }


def of_class(provisioner: str, **parameters: str) -> dict[str, Any]:
    return {"metadata": {"name": "fast"}, "provisioner": provisioner, "parameters": parameters}


def test_a_disk_is_made_in_the_zone_of_its_pod_and_bound_to_its_claim() -> None:
    volume = provision(claim(), of_class(CBS, diskType="CLOUD_PREMIUM"), "ap-guangzhou-6")
    spec = volume["spec"]
    (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"][0]["values"] == ["ap-guangzhou-6"]
    assert spec["claimRef"]["uid"] == "u1"
    assert spec["persistentVolumeReclaimPolicy"] == "Delete"


@pytest.mark.parametrize(
    ("storage", "disk", "told"),
    [
        ("25Gi", "CLOUD_PREMIUM", "in steps of 10 GiB, not 25 GiB"),
        ("10Gi", "CLOUD_SSD", "CLOUD_SSD is sold from 20"),
        ("40000Gi", "CLOUD_PREMIUM", "to 32000 GiB"),
        ("20Gi", "CLOUD_GOLD", "there is no disk type CLOUD_GOLD"),
    ],
)
def test_a_disk_that_is_not_sold_is_refused(storage: str, disk: str, told: str) -> None:
    with pytest.raises(RefusedError, match=told):
        provision(claim(storage), of_class(CBS, diskType=disk), None)


def test_the_smallest_disk_is_sold_for_one_type_only() -> None:
    assert provision(claim("10Gi"), of_class(CBS, diskType="CLOUD_PREMIUM"), None)


def test_a_disk_is_not_shared() -> None:
    with pytest.raises(RefusedError, match="ReadWriteOnce only, not ReadWriteMany"):
        provision(claim(mode="ReadWriteMany"), of_class(CBS), None)


def test_a_file_system_is_shared_in_any_size_and_on_every_node() -> None:
    volume = provision(claim("37Gi", "ReadWriteMany"), of_class(CFS, **NETWORK, storagetype="HP"), "ap-guangzhou-6")
    assert "nodeAffinity" not in volume["spec"]
    assert mount_refusal(volume) is None


@pytest.mark.parametrize("missing", ["vpcid", "subnetid"])
def test_a_file_system_needs_its_network(missing: str) -> None:
    given = {key: value for key, value in NETWORK.items() if key != missing}
    with pytest.raises(RefusedError, match=f"no parameter {missing}"):
        provision(claim(mode="ReadWriteMany"), of_class(CFS, **given), None)


def test_a_file_system_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(RefusedError, match="storagetype XL"):
        provision(claim(), of_class(CFS, **NETWORK, storagetype="XL"), None)


def test_turbo_volumes_are_parts_of_a_file_system_that_is_there() -> None:
    with pytest.raises(RefusedError, match="no parameter host"):
        provision(claim(mode="ReadWriteMany"), of_class(TURBO, fsid="fs1"), None)


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"fsid": "fs1"}, "without host"),
        ({"host": "10.0.0.2", "fsid": "fs1", "path": "models"}, "does not start with /"),
    ],
)
def test_a_static_volume_that_cannot_be_mounted_says_why(attributes: dict[str, str], told: str) -> None:
    volume = {"spec": {"csi": {"driver": TURBO, "volumeHandle": "x", "volumeAttributes": attributes}}}
    assert told in (mount_refusal(volume) or "")


@pytest.mark.parametrize(
    ("attributes", "mounts"),
    [
        ({"path": "/", "vers": "3"}, True),
        ({"path": "/models", "vers": "3"}, True),
        ({"path": "/fs1/", "vers": "3"}, False),
        ({"path": "/fs1/models"}, False),
        ({"path": "/fs1/", "vers": "4"}, True),
    ],
)
def test_over_nfs_3_the_driver_names_the_file_system_itself(attributes: dict[str, str], mounts: bool) -> None:
    given = {"fsid": "fs1", "host": "10.0.0.2", **attributes}
    volume = {"spec": {"csi": {"driver": STATIC_CFS, "volumeHandle": "x", "volumeAttributes": given}}}
    assert (mount_refusal(volume) is None) is mounts
