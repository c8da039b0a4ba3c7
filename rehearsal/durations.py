"""How long each resource takes to be made, by the plan's durations."""

from collections.abc import Mapping

from catalog.load import Catalog
from components.workloads.kube import COMPONENT_LABEL, INSTANCE_LABEL
from planner.plan.types import ModelPlan, Plan
from rehearsal.registration import Registration
from rehearsal.tree import short_type

_NAMES = {
    "vpc.Instance": "vpc",
    "subnet.Instance": "subnet",
    "security.Group": "security_group",
    "security.GroupRuleSet": "security_group",
    "eip.Instance": "eip",
    "nat.Gateway": "nat_gateway",
    "route.Table": "route_table",
    "ccn.Instance": "ccn",
    "ccn.AttachmentV2": "ccn",
    "kubernetes.Cluster": "cluster",
    "kubernetes.NodePool": "system_pool",
    "kubernetes.NativeNodePool": "native_gpu_pool",
    "kubernetes.ServerlessNodePool": "super_pool",
    "kubernetes.Addon": "addon",
    "kubernetes.ClusterRelease": "helm_release",
    "cfs.AccessGroup": "cfs_access_group",
    "cfs.FileSystem": "cfs_file_system",
    "Release": "helm_release",
    "Ingress": "load_balancer",
    "Gateway": "load_balancer",
}


class Durations:
    """Seconds by resource. Steps that the plan does not time are taken as one call of an API."""

    def __init__(self, plan: Plan, catalog: Catalog) -> None:
        self._plan = plan
        self._catalog = catalog

    def named(self, name: str) -> float:
        """Seconds of a step of the plan; 0 for a name that it does not have."""
        return self._plan.durations.get(name, 0.0)

    def of(self, registration: Registration) -> float:
        """Seconds from the moment that all it waits for is there until Pulumi is done with it."""
        if not registration.custom or registration.read or registration.type.startswith(("random:", "pulumi:")):
            return 0.0
        kind = short_type(registration.type)
        special = {
            "kubernetes.NodePool": self._pool,
            "kubernetes.ClusterEndpoint": self._endpoint,
            "cfs.FileSystem": self._file_system,
            "PersistentVolumeClaim": self._claim,
            "Deployment": self._deployment,
            "Job": self._job,
            "Service": self._service,
        }
        if kind in special:
            return special[kind](registration)
        default = "kubernetes_object" if registration.type.startswith("kubernetes:") else "vpc"
        return self.named(_NAMES.get(kind, default))

    def _pool(self, registration: Registration) -> float:
        # A system pool and an ordinary GPU pool are the same kind of resource; the component tells them apart.
        pool = "ordinary_gpu_pool" if is_gpu_pool(registration) else "system_pool"
        return self.named(pool)

    def _endpoint(self, registration: Registration) -> float:
        public = bool(registration.inputs.get("clusterInternet"))
        return self.named("cluster_endpoint_public" if public else "cluster_endpoint_intranet")

    def _file_system(self, registration: Registration) -> float:
        turbo = registration.inputs.get("protocol") == "TURBO"
        return self.named("cfs_turbo_file_system" if turbo else "cfs_file_system")

    def _claim(self, registration: Registration) -> float:
        # A block volume waits for its first pod; only a shared one is made at once, unless its volume is named.
        spec = registration.inputs.get("spec")
        shared = isinstance(spec, Mapping) and spec.get("accessModes") == ["ReadWriteMany"] and "volumeName" not in spec
        return self.named("pvc_cfs" if shared else "kubernetes_object")

    def _service(self, registration: Registration) -> float:
        spec = registration.inputs.get("spec")
        balanced = isinstance(spec, Mapping) and spec.get("type") == "LoadBalancer"
        return self.named("load_balancer" if balanced else "kubernetes_object")

    def _job(self, registration: Registration) -> float:
        model = served_model(registration, self._plan)
        if model is None:
            return self.named("smoke_test")
        return self.named(f"pull:{model.name}") + self.named(f"download:{model.name}")

    def _deployment(self, registration: Registration) -> float:
        model = served_model(registration, self._plan)
        if model is not None:
            machine = self.named("super_pod") if self._plan.pools[model.pool].kind == "super" else 0.0
            return machine + self.named(f"pull:{model.name}") + self.named(f"load:{model.name}")
        if self._plan.webui is not None and label(registration, INSTANCE_LABEL) == "webui":
            return self.named("pull:webui") + self.named("pvc_cbs") + self.named("webui_start")
        return self.named("kubernetes_object")


def label(registration: Registration, name: str) -> str:
    """A label of a Kubernetes object; "" where it has none."""
    metadata = registration.inputs.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, Mapping) else None
    return str(labels.get(name, "")) if isinstance(labels, Mapping) else ""


def served_model(registration: Registration, plan: Plan) -> ModelPlan | None:
    """The model that this Deployment serves or this Job downloads."""
    return plan.models.get(label(registration, INSTANCE_LABEL)) if label(registration, COMPONENT_LABEL) != "" else None


def is_gpu_pool(registration: Registration) -> bool:
    """Whether this is the node pool inside a GPU pool's component."""
    kind = short_type(registration.type)
    inside = "GpuPool$" in registration.urn
    return inside and kind in ("kubernetes.NodePool", "kubernetes.NativeNodePool", "kubernetes.ServerlessNodePool")
