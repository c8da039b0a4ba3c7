"""What Tencent Cloud offers, what it holds back of each node, how fast its stores are, and how long steps take."""

from pydantic import PositiveFloat

from catalog.entry import Entry, Record


class Duration(Entry):
    """How long a step takes, in seconds; `estimate: true` where no source gives a figure."""

    name: str
    seconds: PositiveFloat
    estimate: bool = True


class StorageClassFacts(Entry):
    """Throughput of a store or a disk in MB/s (10**6 bytes) as one client sees it, and the capacity steps of its kind.

    `elastic`: it grows as it is filled, so that its free space says nothing of what fits; None: unknown.
    `read_mbps` and `write_mbps` hold up to `min_gib` (an empty store where there is none); each GiB above adds
    `mbps_per_gib`, up to `max_mbps`. What counts is what is stored (CFS), or the capacity (CFS Turbo, disks).
    """

    name: str
    read_mbps: PositiveFloat
    write_mbps: PositiveFloat
    mbps_per_gib: float = 0
    max_mbps: float | None = None
    min_gib: int | None = None
    step_gib: int | None = None
    elastic: bool | None = None

    def reads(self, gib: float) -> float:
        """MB/s of reading from a store of this size in GiB."""
        return self._scaled(self.read_mbps, gib)

    def writes(self, gib: float) -> float:
        """MB/s of writing to a store of this size in GiB."""
        return self._scaled(self.write_mbps, gib)

    def _scaled(self, floor: float, gib: float) -> float:
        grown = floor + self.mbps_per_gib * max(0.0, gib - (self.min_gib or 0))
        return grown if self.max_mbps is None else min(grown, self.max_mbps)


class Region(Entry):
    """A region and its zones. `mainland`: inside the mainland's network. No `zones`: unknown, a rule may only warn."""

    name: str
    mainland: bool
    zones: tuple[str, ...] = ()


class KubernetesVersion(Entry):
    """A Kubernetes version that TKE offers for new clusters."""

    version: str


class Addon(Entry):
    """A TKE add-on, and what each pod of its DaemonSet requests. `default`: a new cluster has it already.
    `tolerates_taints`: whether those pods run on nodes with any taint; None where that is not known."""

    name: str
    default: bool = False
    daemonset_cpu_millis: int = 0
    daemonset_memory_mib: int = 0
    tolerates_taints: bool | None = None


class ReservedTier(Record):
    """One step of a progressive scale: `percent` of the capacity that lies above `above`."""

    above: float
    percent: float


class ReservedResources(Entry):
    """What TKE holds back of every node for itself: CPU cores, or GiB of memory.

    `base` is held back of any node, each tier adds its share of what lies between it and the next one, and
    `eviction` is what the kubelet keeps free.
    """

    name: str
    base: float = 0
    tiers: tuple[ReservedTier, ...]
    eviction: float = 0

    def held_back(self, capacity: float) -> float:
        """What is held back of a node of this capacity, in the unit of the capacity."""
        ends = [tier.above for tier in self.tiers[1:]] + [capacity]
        shares = (
            tier.percent / 100 * max(0.0, min(end, capacity) - tier.above)
            for tier, end in zip(self.tiers, ends, strict=True)
        )
        return self.base + sum(shares) + self.eviction
