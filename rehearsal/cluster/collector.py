"""Stands in for Kubernetes' garbage collector where that is slow: it learns of new kinds only every 30 seconds."""

import re

from rehearsal.cluster.objects import Object, Paths, Ref
from rehearsal.cluster.world import ClusterState
from rehearsal.control_plane.api import Api, ApiError

_FOREGROUND = "foregroundDeletion"
_BUILT_IN = re.compile(
    r"|apps|batch|autoscaling|policy"
    r"|(networking|storage|rbac\.authorization|scheduling|discovery|apiextensions|node|coordination)\.k8s\.io"
)
"""Groups that the garbage collector knows from the start."""
_DEPENDENTS = {"Pod": "v1", "HorizontalPodAutoscaler": "autoscaling/v2"}
"""Kinds that objects of a custom kind have made for them."""


class Collector:
    """Ends objects of custom kinds that are being deleted: first what they own, then themselves."""

    def __init__(self, api: Api, paths: Paths) -> None:
        self._api = api
        self._paths = paths
        self._ending: set[Ref] = set()

    def end(self, wanted: Ref) -> None:
        """See to an object whose deletion was asked for, if its kind is a custom one."""
        if not _BUILT_IN.fullmatch(wanted.api_version.rpartition("/")[0]):
            self._ending.add(wanted)

    def step(self, world: ClusterState) -> None:
        """Bring each deletion one step on."""
        for wanted in list(self._ending):
            try:
                found = self._api.get(self._paths.of(wanted))
                if _FOREGROUND in _finalizers(found):
                    self._collect(wanted, found, world)
            except ApiError as error:
                if error.status != 404:
                    raise
                self._ending.remove(wanted)

    def _collect(self, wanted: Ref, found: Object, world: ClusterState) -> None:
        owned = [each for kind in _DEPENDENTS for each in world.owned(kind, found)]
        for each in owned:
            metadata = each["metadata"]
            if "deletionTimestamp" not in metadata:
                place = Ref(_DEPENDENTS[each["kind"]], each["kind"], metadata["namespace"], metadata["name"])
                self._api.delete(self._paths.of(place))
        if not owned:
            others = [each for each in _finalizers(found) if each != _FOREGROUND]
            self._api.patch(self._paths.of(wanted), {"metadata": {"finalizers": others}})


def _finalizers(obj: Object) -> list[str]:
    return list(obj["metadata"].get("finalizers", ()))
