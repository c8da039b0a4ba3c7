"""What each kind of resource is: whatever draws, times, orders or judges a resource asks its record.

The table holds everything that the program registers. Kubernetes' kinds stand in the order in which their manifests
can be applied.
"""

from collections.abc import Mapping

from components.workloads import kube
from planner.plan.types import Plan
from planner.software.addons import GPU, NETWORK_POLICY
from planner.software.autoscaling import KEDA
from planner.software.gpu_exporter import GPU_EXPORTER
from planner.software.lws import LWS
from planner.software.prometheus import PROMETHEUS
from rehearsal import durations
from rehearsal.durations import UndescribedError, by_part, takes
from rehearsal.kind import GuideStep, Kind, Role, at, cloud, component, kubernetes, mbps, sized
from rehearsal.registration import Registration
from rehearsal.subjects import software_of


def _addon(registration: Registration, _: Plan) -> GuideStep:
    steps = {GPU: GuideStep.GPU_ADDON, NETWORK_POLICY: GuideStep.BEYOND}
    return steps.get(str(registration.inputs["addonName"]), GuideStep.STORE)


def _software(registration: Registration, plan: Plan) -> GuideStep:
    software = software_of(registration, plan)
    steps = {
        KEDA: GuideStep.AUTOSCALING,
        LWS: GuideStep.SERVER,
        PROMETHEUS: GuideStep.BEYOND,
        GPU_EXPORTER: GuideStep.BEYOND,
    }
    return GuideStep.BEYOND if software is None else steps.get(software.software, GuideStep.WAY_IN)


SUBNET = cloud("Subnet/instance:Instance", "subnet", detail=at("availabilityZone", "cidrBlock"))
ENDPOINT = cloud(
    "Kubernetes/clusterEndpoint:ClusterEndpoint", durations.endpoint,
    detail=lambda inputs: "public" if inputs.get("clusterInternet") else "inside the VPC",
)  # fmt: skip
NODE_POOL = cloud(
    "Kubernetes/nodePool:NodePool", durations.node_pool, role="pool",
    detail=sized("autoScalingConfig.instanceType", "desiredCapacity", "minSize"),
)  # fmt: skip
ADDON = cloud("Kubernetes/addon:Addon", "addon", _addon, named_by="addonName")
AGENT = cloud("Monitor/tmpTkeClusterAgent:TmpTkeClusterAgent", "managed_agent", detail=at("agents.clusterType"))
ROLE = cloud("Cam/role:Role")
ATTACHMENT = cloud("Cam/rolePolicyAttachmentByName:RolePolicyAttachmentByName")
NAMESPACE = kubernetes("core/v1:Namespace")
STORAGE_CLASS = kubernetes("storage.k8s.io/v1:StorageClass", detail=at("provisioner"))
SERVICE = kubernetes("core/v1:Service", detail=lambda inputs: f"port {at('spec.ports[0].port')(inputs)}")
CONFIG_MAP = kubernetes("core/v1:ConfigMap")
CLUSTER = cloud(
    "Kubernetes/cluster:Cluster", "cluster",
    detail=at("clusterVersion", "clusterLevel", "networkType"), named_by="clusterName",
)  # fmt: skip
CLAIM = kubernetes(
    "core/v1:PersistentVolumeClaim", durations.claim,
    detail=at("spec.storageClassName", "spec.resources.requests.storage"),
)  # fmt: skip
DAEMON_SET = kubernetes(
    "apps/v1:DaemonSet",
    pods=("spec.template",), detail=at("spec.template.spec.containers[0].image"),
    lasts=by_part({
        kube.PREFETCH: durations.prefetch, kube.NODE_FOLDER: durations.node_folder,
        kube.NODE_FILES: takes("kubernetes_object"),
    }),
)  # fmt: skip
DEPLOYMENT = kubernetes(
    "apps/v1:Deployment", role="workload",
    pods=("spec.template",), detail=at("spec.template.spec.containers[0].image"),
    lasts=by_part({
        kube.INFERENCE: durations.server, kube.CHAT_PAGE: durations.page, kube.PAGE_STATE: takes("redis_start"),
        kube.API_STATE: takes("redis_start"),
    }),
)  # fmt: skip
GROUP = kubernetes(
    "leaderworkerset.x-k8s.io/v1:LeaderWorkerSet", durations.server, role="workload",
    pods=("spec.leaderWorkerTemplate.leaderTemplate", "spec.leaderWorkerTemplate.workerTemplate"),
    detail=at("spec.leaderWorkerTemplate.leaderTemplate.spec.containers[0].image", "spec.leaderWorkerTemplate.size"),
)  # fmt: skip
JOB = kubernetes(
    "batch/v1:Job", role="job",
    pods=("spec.template",), detail=at("spec.template.spec.containers[0].image"),
    lasts=by_part({
        kube.DOWNLOAD: durations.download,
        kube.SMOKE_TEST: takes("smoke_test"), kube.POLICY_PROBE: takes("policy_probe"),
    }),
)  # fmt: skip

_TABLE = (
    component("stack:LlmStack", GuideStep.BEYOND),
    component("cloud:Network", GuideStep.CLUSTER),
    component("cloud:ServiceRoles", GuideStep.CLUSTER),
    component("cloud:Cluster", GuideStep.CLUSTER),
    component("cloud:ExistingCluster", GuideStep.CLUSTER),
    component("cloud:SystemPool", GuideStep.CLUSTER),
    component("cloud:Addons", GuideStep.STORE),
    component("cloud:SharedStorage", GuideStep.STORE),
    component("cloud:FileSystem", GuideStep.STORE),
    component("cloud:ExistingFileSystem", GuideStep.STORE),
    component("cloud:GpuPool", GuideStep.GPU_POOL),
    component("cloud:LoadBalancerGuard", GuideStep.WAY_IN),
    component("cloud:ManagedPrometheus", GuideStep.BEYOND),
    component("workloads:ModelStore", GuideStep.STORE),
    component("workloads:ModelDownload", GuideStep.DOWNLOAD),
    component("workloads:ImagePrefetch", GuideStep.BEYOND),
    component("workloads:NodeCache", GuideStep.BEYOND),
    component("workloads:Inference", GuideStep.SERVER),
    component("workloads:Autoscaling", GuideStep.AUTOSCALING),
    component("workloads:Webui", GuideStep.PAGE),
    component("workloads:Redis", GuideStep.PAGE),
    component("workloads:ClientKeys", GuideStep.BEYOND),
    component("workloads:ApiCounters", GuideStep.BEYOND),
    component("workloads:ApiGateway", GuideStep.BEYOND),
    component("workloads:Gateway", GuideStep.WAY_IN),
    component("workloads:Ingress", GuideStep.WAY_IN),
    component("workloads:Software", _software),
    component("workloads:NetworkPolicies", GuideStep.BEYOND),
    component("workloads:Monitoring", GuideStep.BEYOND),
    component("workloads:ManagedRules", GuideStep.BEYOND),
    component("workloads:SmokeTest", GuideStep.BEYOND),
    Kind("random:index/randomPassword:RandomPassword"),
    Kind("pulumi:providers:kubernetes"),
    cloud("Vpc/instance:Instance", "vpc", detail=at("cidrBlock")),
    SUBNET,
    cloud("Security/group:Group", "security_group"),
    cloud("Security/groupRuleSet:GroupRuleSet", "security_group"),
    cloud("Eip/instance:Instance", "eip", detail=mbps("internetMaxBandwidthOut")),
    cloud("Nat/gateway:Gateway", "nat_gateway", detail=mbps("bandwidth")),
    cloud("Route/table:Table", "route_table"),
    cloud("Route/tableEntry:TableEntry", detail=at("destinationCidrBlock", "nextType")),
    cloud("Route/tableAssociation:TableAssociation"),
    cloud("Ccn/attachmentV2:AttachmentV2", "ccn"),
    ROLE,
    ATTACHMENT,
    CLUSTER,
    ENDPOINT,
    NODE_POOL,
    cloud(
        "Kubernetes/nativeNodePool:NativeNodePool", durations.node_pool, role="pool",
        detail=sized("native.instanceTypes", "native.replicas"),
    ),
    cloud("Kubernetes/serverlessNodePool:ServerlessNodePool", durations.node_pool, role="pool"),
    ADDON,
    cloud("Kubernetes/clusterRelease:ClusterRelease", "helm_release", role="release"),
    cloud("Cfs/accessGroup:AccessGroup", "cfs_access_group"),
    cloud("Cfs/accessRule:AccessRule", detail=at("authClientIp", "rwPermission")),
    cloud("Cfs/fileSystem:FileSystem", durations.file_system, detail=at("storageType", "protocol")),
    cloud(
        "Monitor/tmpInstance:TmpInstance", "managed_prometheus",
        detail=lambda inputs: f"{inputs.get('dataRetentionTime')} days", named_by="instanceName",
    ),
    AGENT,
    cloud("Monitor/tmpTkeRecordRuleYaml:TmpTkeRecordRuleYaml"),
    cloud("Monitor/tmpAlertGroup:TmpAlertGroup", named_by="groupName"),
    kubernetes("helm.sh/v3:Release", "helm_release", role="release", watched=False),
    NAMESPACE,
    STORAGE_CLASS,
    kubernetes("storage.k8s.io/v1:CSIDriverPatch"),
    kubernetes("core/v1:PersistentVolume"),
    kubernetes("core/v1:Secret"),
    CONFIG_MAP,
    CLAIM,
    kubernetes("networking.k8s.io/v1:NetworkPolicy", watched=False),
    SERVICE,
    JOB,
    kubernetes("gateway.envoyproxy.io/v1alpha1:BackendTrafficPolicy"),
    kubernetes("gateway.envoyproxy.io/v1alpha1:ClientTrafficPolicy"),
    kubernetes("gateway.envoyproxy.io/v1alpha1:EnvoyExtensionPolicy"),
    kubernetes("gateway.envoyproxy.io/v1alpha1:HTTPRouteFilter", watched=False),
    kubernetes("gateway.envoyproxy.io/v1alpha1:SecurityPolicy"),
    DAEMON_SET,
    DEPLOYMENT,
    kubernetes("gateway.envoyproxy.io/v1alpha1:EnvoyProxy", watched=False),
    kubernetes("gateway.networking.k8s.io/v1:Gateway", "load_balancer", role="balancer"),
    kubernetes("gateway.networking.k8s.io/v1:GatewayClass"),
    kubernetes("gateway.networking.k8s.io/v1:HTTPRoute"),
    kubernetes("networking.k8s.io/v1:Ingress", durations.ingress, role="balancer"),
    GROUP,
    kubernetes("policy/v1:PodDisruptionBudget", watched=False),
    kubernetes("keda.sh/v1alpha1:ScaledObject"),
    kubernetes("monitoring.coreos.com/v1:PodMonitor", watched=False),
    kubernetes("monitoring.coreos.com/v1:PrometheusRule", watched=False),
)  # fmt: skip
KINDS: Mapping[str, Kind] = {kind.token: kind for kind in _TABLE}
"""By Pulumi's type."""


def find(token: str) -> Kind:
    """The record of Pulumi's type `token`. Raises `UndescribedError` where there is none."""
    if token not in KINDS:
        raise UndescribedError(f"rehearsal/kinds.py has no record of {token}; add what it is and how long it takes")
    return KINDS[token]


def types(role: Role) -> tuple[str, ...]:
    """The types, without their package, of the kinds with this role."""
    return tuple(kind.type for kind in KINDS.values() if kind.role == role)


def seconds_of(registration: Registration, plan: Plan) -> float:
    """From the moment that all it waits for is there until Pulumi is done with it."""
    return 0.0 if registration.read else find(registration.type).seconds(registration, plan)


def guide_step(registration: Registration, plan: Plan) -> GuideStep:
    """Its own kind's, or that of the nearest component around it which has one."""
    around = registration.urn.split("::")[2].split("$")[:-1]
    steps = (find(token).step for token in (registration.type, *reversed(around)))
    step = next((each for each in steps if each is not None), GuideStep.BEYOND)
    return step if isinstance(step, GuideStep) else step(registration, plan)


def display_name(registration: Registration) -> str:
    """The name in the cloud or cluster, or the logical name where it has none."""
    metadata = registration.outputs.get("metadata")
    if isinstance(metadata, Mapping) and "name" in metadata:
        namespace = metadata.get("namespace")
        return f"{namespace}/{metadata['name']}" if namespace else str(metadata["name"])
    given = registration.inputs.get(find(registration.type).named_by)
    return given if isinstance(given, str) else registration.name
