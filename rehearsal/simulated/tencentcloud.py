"""Tencent Cloud, as far as the program uses it: ids of the real form and the outputs that other resources read."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import yaml

from rehearsal.simulated.identity import address, number, short_id, uuid

Inputs = Mapping[str, object]
Outputs = dict[str, object]


@dataclass(frozen=True)
class Asked:
    """A request for a resource, and where its secrets come from."""

    name: str
    inputs: Inputs
    random: Random

    def text(self, key: str) -> str:
        return str(self.inputs.get(key, ""))


Maker = Callable[[Asked], tuple[str, Outputs]]

_CREATED = "2026-01-01 00:00:00"


def create(type_: str, name: str, inputs: Inputs, random: Random) -> tuple[str, Outputs]:
    """The id and outputs of one resource. Raises `ValueError` for a type that is not simulated."""
    maker = _MAKERS.get(type_.partition(":")[2])
    if maker is None:
        raise ValueError(f"the simulated Tencent Cloud has no {type_}; add it to rehearsal/simulated/tencentcloud.py")
    id_, made = maker(Asked(name, inputs, random))
    return id_, {**inputs, **made}


def invoke(token: str, args: Inputs, random: Random) -> Outputs:
    """The answer of a data source. Raises `ValueError` for one that is not simulated."""
    answer = _ANSWERS.get(token.partition(":")[2])
    if answer is None:
        raise ValueError(f"the simulated Tencent Cloud has no {token}; add it to rehearsal/simulated/tencentcloud.py")
    return {**args, **answer(Asked(token, args, random))}


def kubeconfig(cluster_id: str, server: str, random: Random, context: str | None = None) -> str:
    """A kubeconfig with a client certificate, of the shape that TKE hands out. `context` names its only context."""
    context = context or f"{cluster_id}-context-default"

    def sealed(label: str) -> str:
        body = base64.b64encode(random.randbytes(48)).decode()
        return base64.b64encode(f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n".encode()).decode()

    return "\n".join(
        (
            "apiVersion: v1",
            "kind: Config",
            "clusters:",
            f"- name: {cluster_id}",
            "  cluster:",
            f"    server: {server}",
            f"    certificate-authority-data: {sealed('CERTIFICATE')}",
            "users:",
            "- name: '100000000001'",
            "  user:",
            f"    client-certificate-data: {sealed('CERTIFICATE')}",
            f"    client-key-data: {sealed('RSA PRIVATE KEY')}",
            "contexts:",
            f"- name: {context}",
            "  context:",
            f"    cluster: {cluster_id}",
            "    user: '100000000001'",
            f"current-context: {context}",
            "",
        )
    )


def _plain(prefix: str, **outputs: object) -> Maker:
    """A resource whose id is a prefix and eight characters."""

    def make(asked: Asked) -> tuple[str, Outputs]:
        return short_id(prefix, asked.name), {"createTime": _CREATED, **outputs}

    return make


def _joined(*keys: str, **outputs: object) -> Maker:
    """A resource whose id is made of its inputs, joined by ``#``."""

    def make(asked: Asked) -> tuple[str, Outputs]:
        return "#".join(asked.text(key) for key in keys), dict(outputs)

    return make


def _vpc(asked: Asked) -> tuple[str, Outputs]:
    return short_id("vpc", asked.name), {
        "createTime": _CREATED,
        "defaultRouteTableId": short_id("rtb", asked.name, "default"),
        "isDefault": False,
    }


def _eip(asked: Asked) -> tuple[str, Outputs]:
    return short_id("eip", asked.name), {"publicIp": address("43.139.", asked.name), "status": "UNBIND"}


def _cluster(asked: Asked) -> tuple[str, Outputs]:
    id_ = short_id("cls", asked.name)
    return id_, {
        "clusterExternalEndpoint": "",
        "clusterNodeNum": 0,
        "domain": f"{id_}.ccs.tencent-cloud.com",
        "certificationAuthority": base64.b64encode(asked.random.randbytes(48)).decode(),
        "userName": "admin",
        "password": asked.random.randbytes(16).hex(),
        # Read before the endpoint exists, hence empty until a later refresh.
        "kubeConfig": "",
        "kubeConfigIntranet": "",
    }


def _endpoint(asked: Asked) -> tuple[str, Outputs]:
    id_ = asked.text("clusterId")
    public = f"https://{id_}.ccs.tencent-cloud.com" if asked.inputs.get("clusterInternet") else ""
    inside = f"https://{address('10.0.', asked.name)}" if asked.inputs.get("clusterIntranet") else ""
    return id_, {
        "clusterExternalEndpoint": public,
        "pgwEndpoint": inside.removeprefix("https://"),
        "domain": f"{id_}.ccs.tencent-cloud.com",
        "clusterDeployType": "MANAGED_CLUSTER",
        "certificationAuthority": base64.b64encode(asked.random.randbytes(48)).decode(),
        "userName": "admin",
        "password": asked.random.randbytes(16).hex(),
        "kubeConfig": kubeconfig(id_, public, asked.random) if public else "",
        "kubeConfigIntranet": kubeconfig(id_, inside, asked.random) if inside else "",
    }


def _pool(asked: Asked) -> tuple[str, Outputs]:
    group = short_id("asg", asked.name)
    return f"{asked.inputs.get('clusterId')}#{short_id('np', asked.name)}", {
        "status": "normal",
        "nodeCount": asked.inputs.get("desiredCapacity", asked.inputs.get("minSize", 0)),
        "autoScalingGroupId": group,
        "launchConfigId": short_id("asc", asked.name),
    }


def _native_pool(asked: Asked) -> tuple[str, Outputs]:
    return f"{asked.inputs.get('clusterId')}#{short_id('np', asked.name)}", {
        "lifeState": "Running",
        "createdAt": _CREATED,
    }


def _rule_set(asked: Asked) -> tuple[str, Outputs]:
    """Protocols come back in capitals (ReadPostHandle in resource_tc_security_group_rule_set.go)."""
    rules = {
        key: [{**each, "protocol": str(each.get("protocol", "")).upper()} for each in given]
        for key in ("ingresses", "egresses")
        if isinstance(given := asked.inputs.get(key), list)
    }
    return asked.text("securityGroupId"), {"version": "1", **rules}


def _release(asked: Asked) -> tuple[str, Outputs]:
    """Where the chart is from and which version it has come back even where they were not asked for."""
    id_, made = _joined("clusterId", "namespace", "name", releaseStatus="deployed")(asked)
    return id_, {"chartFrom": "tke-market", "chartVersion": "1.0.0", **asked.inputs, **made}


def _file_system(asked: Asked) -> tuple[str, Outputs]:
    return short_id("cfs", asked.name), {
        "createTime": _CREATED,
        "fsId": number(asked.name, digits=8),
        "mountIp": asked.inputs.get("mountIp") or address("10.0.", asked.name),
    }


def _role(asked: Asked) -> tuple[str, Outputs]:
    id_ = number(asked.name, digits=19)
    return id_, {"roleArn": f"qcs::cam::uin/100000000001:roleName/{asked.inputs.get('name')}", "createTime": _CREATED}


def _prometheus(asked: Asked) -> tuple[str, Outputs]:
    inside = address("10.0.", asked.name)
    root = f"http://{inside}:9090"
    return short_id("prom", asked.name), {
        "ipv4Address": inside,
        "apiRootPath": root,
        "remoteWrite": f"{root}/api/v1/prom/write",
        "proxyAddress": inside,
    }


def _agent(asked: Asked) -> tuple[str, Outputs]:
    """Its id is made of what it is in and where (resource_tc_monitor_tmp_tke_cluster_agent.go)."""
    given = asked.inputs.get("agents")
    agent = dict(given) if isinstance(given, Mapping) else {}
    id_ = "#".join(map(str, (asked.text("instanceId"), agent.get("clusterId"), agent.get("clusterType"))))
    return id_, {"agents": {**agent, "clusterName": "cluster", "status": "normal"}}


def _record_rules(asked: Asked) -> tuple[str, Outputs]:
    """Known by the name in their YAML (resource_tc_monitor_tmp_tke_record_rule_yaml.go)."""
    name = yaml.safe_load(asked.text("content"))["metadata"]["name"]
    return f"{asked.text('instanceId')}#{name}", {"name": name, "updateTime": _CREATED}


def _alerts(asked: Asked) -> tuple[str, Outputs]:
    group = short_id("alert", asked.name)
    return f"{asked.text('instanceId')}#{group}", {"groupId": group}


_MAKERS: dict[str, Maker] = {
    "Vpc/instance:Instance": _vpc,
    "Subnet/instance:Instance": _plain("subnet", availableIpCount=4093, isDefault=False),
    "Security/group:Group": _plain("sg"),
    "Security/groupRuleSet:GroupRuleSet": _rule_set,
    "Eip/instance:Instance": _eip,
    "Nat/gateway:Gateway": _plain("nat", createdTime=_CREATED),
    "Route/table:Table": _plain("rtb", isDefault=False),
    "Route/tableEntry:TableEntry": _joined("routeTableId", "nextHub"),
    "Route/tableAssociation:TableAssociation": _joined("routeTableId", "subnetId"),
    "Kubernetes/cluster:Cluster": _cluster,
    "Kubernetes/clusterEndpoint:ClusterEndpoint": _endpoint,
    "Kubernetes/addon:Addon": _joined("clusterId", "addonName", phase="Succeeded", addonVersion="1.0.0"),
    "Kubernetes/nodePool:NodePool": _pool,
    "Kubernetes/nativeNodePool:NativeNodePool": _native_pool,
    "Kubernetes/serverlessNodePool:ServerlessNodePool": _native_pool,
    "Kubernetes/clusterRelease:ClusterRelease": _release,
    "Cfs/accessGroup:AccessGroup": _plain("pgroup"),
    "Cfs/accessRule:AccessRule": _plain("rule"),
    "Cfs/fileSystem:FileSystem": _file_system,
    "Monitor/tmpInstance:TmpInstance": _prometheus,
    "Monitor/tmpTkeClusterAgent:TmpTkeClusterAgent": _agent,
    "Monitor/tmpTkeRecordRuleYaml:TmpTkeRecordRuleYaml": _record_rules,
    "Monitor/tmpAlertGroup:TmpAlertGroup": _alerts,
    "Ccn/attachmentV2:AttachmentV2": _joined("ccnId", "instanceType", "instanceRegion", "instanceId", state="ACTIVE"),
    "Cam/role:Role": _role,
    "Cam/rolePolicyAttachmentByName:RolePolicyAttachmentByName": _joined("roleName", "policyName"),
}

TYPES = frozenset(f"tencentcloud:{kind}" for kind in _MAKERS)
"""Every type of resource that is simulated."""


def _cluster_found(asked: Asked) -> Outputs:
    id_ = asked.text("clusterId") or short_id("cls", "existing")
    config = kubeconfig(id_, f"https://{id_}.ccs.tencent-cloud.com", asked.random)
    found = {"clusterId": id_, "clusterName": "existing", "kubeConfig": config, "kubeConfigIntranet": config}
    return {"id": uuid("clusters", id_), "lists": [found]}


def _file_systems(asked: Asked) -> Outputs:
    id_ = asked.text("fileSystemId") or short_id("cfs", "existing")
    found = {"fileSystemId": id_, "name": "existing", "fsId": number(id_, digits=8), "mountIp": address("10.0.", id_)}
    return {"id": uuid("file systems", id_), "fileSystemLists": [found]}


def _zones(_: Asked) -> Outputs:
    return {"id": uuid("zones"), "zones": [{"name": "ap-guangzhou-6", "state": "AVAILABLE"}]}


def _roles(_: Asked) -> Outputs:
    """None: an account in which nobody has opened the console of TKE yet."""
    return {"id": uuid("roles"), "roleLists": []}


_ANSWERS: dict[str, Callable[[Asked], Outputs]] = {
    "Cam/getRoles:getRoles": _roles,
    "Kubernetes/getClusters:getClusters": _cluster_found,
    "Cfs/getFileSystems:getFileSystems": _file_systems,
    "Availability/getZonesByProduct:getZonesByProduct": _zones,
}
