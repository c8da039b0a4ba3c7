"""Whether an object is ready, and why not: what Pulumi's provider waits for, and a little more."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog.load import Catalog
from rehearsal.cluster.kubelet import obstacles
from rehearsal.cluster.machines import waits
from rehearsal.cluster.objects import Object, Ref, ref
from rehearsal.cluster.state import GROUP_LABEL, ClusterState, condition


@dataclass(frozen=True)
class Unready:
    """One reason why something is not ready. `settled`: nothing that is under way will change it."""

    cause: str
    settled: bool = False


REFUSED = "ProvisioningFailed"
"""Reason of the event by which a CSI driver says that it makes no volume for a claim."""
PAUSED = "autoscaling.keda.sh/paused-replicas"


@dataclass(frozen=True)
class Judge:
    """Looks at one object at a time."""

    state: ClusterState
    catalog: Catalog

    def unready(self, wanted: Ref) -> list[Unready]:
        """Why this object is not ready; nothing when it is, or when its kind has nothing to wait for."""
        check = _CHECKS.get(wanted.kind)
        if check is None:
            return []
        found = self.state.find(wanted.kind, wanted.namespace, wanted.name)
        return [Unready("it is not there")] if found is None else list(check(self, found))

    def awaited(self, obj: Object) -> list[Unready]:
        """What Pulumi's provider would go on waiting for, of an object that it waits for at all: not for a claim that
        is to stay Pending until a pod uses it."""
        if obj["kind"] == "PersistentVolumeClaim" and self._waits_for_consumer(obj):
            return []
        return self.unready(ref(obj))

    def bound(self, claim: Object) -> Iterator[Unready]:
        if claim.get("status", {}).get("phase") == "Bound":
            return
        refusal = self.state.warning(claim, [REFUSED])
        if refusal:
            yield Unready(refusal, settled=True)
            return
        name = claim["spec"].get("storageClassName")
        if name and self.state.find("StorageClass", "", name) is None and not self._static(claim, name):
            yield Unready(f'storageclass "{name}" not found', settled=True)
            return
        yield Unready(self.state.warning(claim) or f"it is {claim.get('status', {}).get('phase', 'new')}")

    def _static(self, claim: Object, name: str) -> bool:
        """Whether there is a volume for a claim whose class is but a name."""
        return any(
            volume["spec"].get("storageClassName") == name
            or claim["spec"].get("volumeName") == volume["metadata"]["name"]
            for volume in self.state.every("PersistentVolume")
        )

    def _waits_for_consumer(self, claim: Object) -> bool:
        """Whether a claim is meant to stay Pending until a pod uses it; Pulumi does not wait for such a one."""
        used = self.state.find("StorageClass", "", claim["spec"].get("storageClassName") or "")
        return used is not None and used.get("volumeBindingMode") == "WaitForFirstConsumer"

    def volume(self, volume: Object) -> Iterator[Unready]:
        phase = volume.get("status", {}).get("phase")
        if phase in (None, "Pending", "Failed"):
            yield Unready(self.state.warning(volume) or f"it is {phase or 'new'}")

    def namespace(self, namespace: Object) -> Iterator[Unready]:
        account = self.state.find("ServiceAccount", namespace["metadata"]["name"], "default")
        if namespace["status"]["phase"] != "Active" or account is None:
            yield Unready(f"it is {namespace['status']['phase']}, service account {'there' if account else 'missing'}")

    def deployment(self, deployment: Object) -> Iterator[Unready]:
        failure = condition(deployment, "ReplicaFailure")
        if failure.get("status") == "True":
            yield Unready(failure["message"], settled=True)
            return
        yield from self._replicas(deployment, "availableReplicas")

    def stateful_set(self, stateful_set: Object) -> Iterator[Unready]:
        yield from self._replicas(stateful_set, "readyReplicas")

    def _replicas(self, owner: Object, ready: str) -> Iterator[Unready]:
        spec, status = owner["spec"], owner.get("status", {})
        wanted = spec.get("replicas", 1)
        pods = self.state.pods_of(owner)
        faults = [fault for pod in pods for fault in self.pod(pod)]
        yield from faults
        seen = status.get("observedGeneration", 0) >= owner["metadata"]["generation"]
        counts = {name: status.get(name, 0) for name in ("replicas", "updatedReplicas", ready)}
        if not faults and not (seen and all(count == wanted for count in counts.values())):
            refused = self._no_pods(owner)
            yield refused or Unready(
                f"{counts[ready]} of {wanted} pods are ready, {counts['updatedReplicas']} of them up to date"
            )

    def _no_pods(self, owner: Object) -> Unready | None:
        """Why no pod could even be made: a quota, Pod Security, a service account that is not there."""
        makers = list(self.state.owned("ReplicaSet", owner)) or [owner]
        told = next(filter(None, (self.state.warning(maker, ["FailedCreate"]) for maker in makers)), None)
        return Unready(told, settled=True) if told and not self.state.pods_of(owner) else None

    def daemon_set(self, daemon_set: Object) -> Iterator[Unready]:
        status = daemon_set.get("status", {})
        wanted = status.get("desiredNumberScheduled", 0)
        if status.get("numberReady", 0) != wanted:
            yield Unready(f"{status.get('numberReady', 0)} of {wanted} pods are ready")

    def job(self, job: Object) -> Iterator[Unready]:
        failed = condition(job, "Failed")
        if failed.get("status") == "True":
            yield Unready(failed.get("message", "it has failed"), settled=True)
        elif condition(job, "Complete").get("status") != "True":
            faults = [fault for pod in self.state.pods_of(job) for fault in self.pod(pod)]
            yield from faults or [self._no_pods(job) or Unready("it has not completed")]

    def group(self, group: Object) -> Iterator[Unready]:
        faults = [fault for pod in self.state.pods_of(group) for fault in self.pod(pod)]
        sets = [each for each in self.state.every("StatefulSet") if self._of_group(each, group)]
        if not faults and (refused := next(filter(None, map(self._no_pods, sets)), None)):
            yield refused
            return
        ready, wanted = group.get("status", {}).get("readyReplicas", 0), group["spec"].get("replicas", 1)
        yield from faults
        if not faults and ready != wanted:
            yield Unready(f"{ready} of {wanted} groups are ready")

    def _of_group(self, stateful_set: Object, group: Object) -> bool:
        metadata = stateful_set["metadata"]
        labels = metadata.get("labels") or {}
        wanted = (group["metadata"]["namespace"], group["metadata"]["name"])
        return (metadata["namespace"], labels.get(GROUP_LABEL)) == wanted

    def pod(self, pod: Object) -> Iterator[Unready]:
        """Why this pod does not run, or would not on a real node."""
        name = pod["metadata"]["name"]
        if pod["status"].get("phase") == "Succeeded":
            return
        if "deletionTimestamp" in pod["metadata"]:
            yield Unready(f"pod {name} is being deleted")
        elif waits(pod):
            yield Unready(f"pod {name} is Pending: {condition(pod, 'PodScheduled')['message']}", settled=True)
        elif "nodeName" not in pod["spec"]:
            refused = self._refused_claim(pod)
            yield Unready(f"pod {name} {refused or 'has no node yet'}", settled=refused is not None)
        else:
            faults = [
                Unready(f"pod {name}: {fault}", settled=True) for fault in obstacles(pod, self.state, self.catalog)
            ]
            yield from faults
            if not faults and condition(pod, "Ready").get("status") != "True":
                yield Unready(f"pod {name} is {pod['status'].get('phase', 'new')}")

    def _refused_claim(self, pod: Object) -> str | None:
        """The claim that the scheduler waits for in vain after it has chosen a node."""
        for volume in pod["spec"].get("volumes", ()):
            name = volume.get("persistentVolumeClaim", {}).get("claimName")
            claim = self.state.find("PersistentVolumeClaim", pod["metadata"]["namespace"], name) if name else None
            if claim is not None and self.state.warning(claim, [REFUSED]):
                return f"waits for PersistentVolumeClaim {name}"
        return None

    def service(self, service: Object) -> Iterator[Unready]:
        spec, metadata = service["spec"], service["metadata"]
        if spec.get("type") == "LoadBalancer" and not service["status"].get("loadBalancer", {}).get("ingress"):
            yield Unready("it has no load balancer yet")
        if not spec.get("selector") or spec.get("type") == "ExternalName":
            return
        pods = self.state.selected(metadata["namespace"], spec["selector"])
        if not pods:
            labels = ", ".join(f"{key}={value}" for key, value in spec["selector"].items())
            yield Unready(f"no pod has the labels that it selects: {labels}", settled=True)
            return
        slices = [
            each
            for each in self.state.every("EndpointSlice")
            if each["metadata"]["namespace"] == metadata["namespace"]
            and each["metadata"].get("labels", {}).get("kubernetes.io/service-name") == metadata["name"]
        ]
        for port in spec.get("ports", ()):
            served = any(
                endpoint.get("conditions", {}).get("ready")
                for each in slices
                if any(offered.get("name", "") == port.get("name", "") for offered in each.get("ports") or ())
                for endpoint in each.get("endpoints") or ()
            )
            if not served:
                yield self._no_endpoint(port, pods)

    def _no_endpoint(self, port: Mapping[str, object], pods: Sequence[Object]) -> Unready:
        target = port.get("targetPort", port["port"])
        containers = [container for pod in pods for container in pod["spec"]["containers"]]
        offered = {each.get("name") for container in containers for each in container.get("ports", ())}
        if isinstance(target, str) and target not in offered:
            return Unready(f"port {port['port']}: its pods have no port called {target}", settled=True)
        faults = [fault for pod in pods for fault in self.pod(pod)]
        hopeless = bool(faults) and all(fault.settled for fault in faults)
        return Unready(f"port {port['port']}: no ready pod behind it", settled=hopeless)

    def autoscaler(self, autoscaler: Object) -> Iterator[Unready]:
        able = condition(autoscaler, "AbleToScale")
        spec, status = autoscaler["spec"], autoscaler.get("status", {})
        if able.get("status") == "False":
            yield Unready(able["message"], settled=True)
        elif not able:
            yield Unready("its controller has not looked at it yet")
        elif status.get("currentReplicas", 0) < spec.get("minReplicas", 1):
            yield Unready(f"its target has {status.get('currentReplicas', 0)} of {spec.get('minReplicas', 1)} replicas")

    def scaled_object(self, scaled: Object) -> Iterator[Unready]:
        autoscalers = list(self.state.owned("HorizontalPodAutoscaler", scaled))
        if not autoscalers and paused_at(scaled) is None:
            yield Unready("KEDA has made no HorizontalPodAutoscaler yet")
        for each in autoscalers:
            yield from self.autoscaler(each)

    def ingress(self, ingress: Object) -> Iterator[Unready]:
        namespace, spec = ingress["metadata"]["namespace"], ingress["spec"]
        backends = [spec["defaultBackend"]] if "defaultBackend" in spec else []
        backends += [
            path["backend"] for rule in spec.get("rules", ()) for path in rule.get("http", {}).get("paths", ())
        ]
        for backend in backends:
            if "service" in backend:
                port = backend["service"].get("port", {})
                wanted = port.get("number", port.get("name"))
                yield from self._missing_port(namespace, backend["service"]["name"], wanted)
        if not ingress["status"].get("loadBalancer", {}).get("ingress"):
            yield Unready("it has no load balancer yet")

    def _missing_port(self, namespace: str, name: str, port: int | str | None) -> Iterator[Unready]:
        """What is wrong with a reference to a Service's port, by number or name."""
        service = self.state.find("Service", namespace, name)
        if service is None:
            yield Unready(f"Service {namespace}/{name} not found", settled=True)
            return
        ports = service["spec"].get("ports", ())
        if all(port not in (each["port"], each.get("name")) for each in ports):
            there = ", ".join(str(each["port"]) for each in ports)
            yield Unready(f"Service {namespace}/{name} has no port {port} (it has {there})", settled=True)

    def gateway_class(self, gateway_class: Object) -> Iterator[Unready]:
        yield from _refusals(gateway_class, ["Accepted"])

    def gateway(self, gateway: Object) -> Iterator[Unready]:
        yield from _refusals(gateway, ["Accepted", "Programmed"])

    def route(self, route: Object) -> Iterator[Unready]:
        yield from _answers(route, "parents", ["Accepted", "ResolvedRefs"])

    def policy(self, policy: Object) -> Iterator[Unready]:
        yield from _answers(policy, "ancestors", ["Accepted"])


def paused_at(scaled: Object) -> int | None:
    """The replicas at which a ScaledObject holds its target; None where it scales."""
    said = (scaled["metadata"].get("annotations") or {}).get(PAUSED)
    return None if said is None else int(said)


def _refusals(obj: Object, kinds: list[str]) -> Iterator[Unready]:
    for kind in kinds:
        found = condition(obj, kind)
        if found.get("status") == "False":
            yield Unready(f"{kind} is False: {found['message']}", settled=True)
        elif not found or found["status"] == "Unknown":
            yield Unready(f"{kind} is not known yet")


def _answers(obj: Object, by: str, kinds: list[str]) -> Iterator[Unready]:
    """What the Gateways that an object is for have against it."""
    answers = obj.get("status", {}).get(by, ())
    if not answers:
        yield Unready("no Gateway has taken it yet")
    for answer in answers:
        yield from _refusals({"status": answer}, kinds)


_CHECKS: dict[str, Callable[[Judge, Object], Iterator[Unready]]] = {
    "Namespace": Judge.namespace,
    "PersistentVolumeClaim": Judge.bound,
    "PersistentVolume": Judge.volume,
    "Deployment": Judge.deployment,
    "StatefulSet": Judge.stateful_set,
    "DaemonSet": Judge.daemon_set,
    "Job": Judge.job,
    "Pod": Judge.pod,
    "Service": Judge.service,
    "HorizontalPodAutoscaler": Judge.autoscaler,
    "ScaledObject": Judge.scaled_object,
    "Ingress": Judge.ingress,
    "GatewayClass": Judge.gateway_class,
    "Gateway": Judge.gateway,
    "HTTPRoute": Judge.route,
    "BackendTrafficPolicy": Judge.policy,
    "ClientTrafficPolicy": Judge.policy,
    "EnvoyExtensionPolicy": Judge.policy,
    "SecurityPolicy": Judge.policy,
    "LeaderWorkerSet": Judge.group,
}
