"""What is measured of a stack, as data: what Prometheus reads, what it makes of it, what calls for somebody."""

from dataclasses import dataclass

from planner.plan.access import InNamespace, OfInstance


@dataclass(frozen=True, kw_only=True)
class MonitorPlan:
    """Pods whose metrics are read. `model`: those of a model that answer, by its name; else the pods with `labels` in
    `namespace`, None: in any. `port` is the name of their port, or its number. `keyed`: the model asks for its key.
    `own_labels`: what is measured says itself which pod it is about, and is believed."""

    name: str
    port: str
    path: str
    model: str | None = None
    namespace: str | None = None
    labels: tuple[tuple[str, str], ...] = ()
    keyed: bool = False
    own_labels: bool = False


@dataclass(frozen=True)
class RecordPlan:
    """A series that Prometheus keeps of others: `name` is asked for, with the labels `namespace` and `model`; None: the
    models are those of `expr`."""

    name: str
    expr: str
    namespace: str
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class AlertPlan:
    """What calls for somebody: `expr` has been true for so many seconds. `summary` says what is the matter, with the
    templates of Prometheus, `action` what to do. `model` is the one that it is about, where it is about one."""

    name: str
    expr: str
    seconds: int
    severity: str
    summary: str
    action: str
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class PanelPlan:
    """A picture of the dashboard, in its `row`: `queries` are what is asked and what its lines are called; `$model` and
    `$client` in them stand for those that are looked at. `single`: one number, not its course."""

    row: str
    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    single: bool = False


@dataclass(frozen=True, kw_only=True)
class ManagedPlan:
    """Tencent's managed Prometheus. `instance_id` is one that exists; None: one is made in the subnet of `zone`, which
    keeps what it read for `retention_days`. `attaches`: the stack has its agent put into the cluster. `receivers` are
    the ids of the notification templates that alerts go to."""

    instance_id: str | None
    zone: str
    retention_days: int
    attaches: bool
    receivers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class MonitoringPlan:
    """`namespace` is the stack's, `scraper` who reads, `labels` what it finds the objects by (empty: it reads all).
    `managed`: None where Prometheus runs in the cluster."""

    namespace: str
    scraper: InNamespace | OfInstance
    labels: tuple[tuple[str, str], ...]
    monitors: tuple[MonitorPlan, ...]
    records: tuple[RecordPlan, ...]
    alerts: tuple[AlertPlan, ...]
    panels: tuple[PanelPlan, ...]
    managed: ManagedPlan | None = None

    @property
    def scraped(self) -> tuple[str, ...]:
        """The models whose metrics are read."""
        return tuple(each.model for each in self.monitors if each.model is not None)
