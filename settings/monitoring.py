"""What is measured, where it is read, and what calls for somebody."""

from typing import Annotated, Literal

from pydantic import Field

from settings.names import LabelKey, LabelValue, NamespaceThere, NoticeId, PrometheusId
from settings.section import Section
from settings.values import Number


class Targets(Section):
    """How fast answers are meant to come; slower ones call for somebody."""

    ttft_seconds: Annotated[Number, Field(gt=0, le=3600)] = Field(
        default=5, description="Seconds to the first token that 95 of 100 requests are meant to stay below."
    )
    tpot_ms: Annotated[Number, Field(gt=0, le=60_000)] = Field(
        default=100, description="Milliseconds from one token to the next that 95 of 100 are meant to stay below."
    )


class Monitoring(Section):
    """Metrics, alerts and a dashboard, for a Prometheus that the operator runs, or for Tencent's managed one (TMP)."""

    via: Literal["prometheus-operator", "tmp", "none"] = Field(
        default="none",
        description="`prometheus-operator`: by objects that its Prometheus reads; `tmp`: by Tencent's managed "
        "Prometheus; `none`: nothing is measured.",
    )
    install: Literal["helm", "none"] = Field(
        default="helm",
        description="What reads: `helm`: brought by the stack (Prometheus, its operator and Grafana by the chart "
        "kube-prometheus-stack, into a cluster of our own; of `tmp` the agent, into any TKE cluster); `none`: there "
        "already.",
    )
    namespace: NamespaceThere | None = Field(
        default=None,
        description="Namespace of a Prometheus that is there already; absent: `monitoring`. Of `tmp` that of its "
        "agent's pods; absent: called as the instance's id.",
    )
    labels: dict[LabelKey, LabelValue] = Field(
        default={},
        max_length=20,
        description="Labels by which that Prometheus finds what to read; absent: `release: kube-prometheus-stack`. One "
        "that we install finds all.",
    )
    instance_id: PrometheusId | None = Field(
        default=None, description="An instance of the managed Prometheus that exists (`tmp`); absent: one is made."
    )
    retention_days: Literal[15, 30, 45, 90, 180, 365, 730] = Field(
        default=15, description="Days that an instance made by the stack keeps what it read (`tmp`)."
    )
    receivers: tuple[NoticeId, ...] = Field(
        default=(),
        max_length=20,
        description="Notification templates of Tencent Cloud that alerts go to (`tmp`), by their ids; absent: nobody "
        "is told.",
    )
    targets: Targets = Field(default=Targets.model_construct(), description="How fast answers are meant to come.")

    def enabled(self) -> bool:
        """Whether anything is measured."""
        return self.via != "none"

    def in_cluster(self) -> bool:
        """Whether the Prometheus that reads is one of the cluster's own."""
        return self.via == "prometheus-operator"

    def managed(self) -> bool:
        """Whether it is Tencent's."""
        return self.via == "tmp"
