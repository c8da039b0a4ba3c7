"""What is measured, where it is read, and what calls for somebody."""

from typing import Annotated, Literal

from pydantic import Field

from settings.names import LabelKey, LabelValue, NamespaceThere
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
    """Metrics, alerts and a dashboard, for a Prometheus that the operator runs."""

    via: Literal["prometheus-operator", "tmp", "none"] = Field(
        default="none",
        description="`prometheus-operator`: by objects that its Prometheus reads; `none`: nothing is measured. (`tmp`, "
        "Tencent's managed Prometheus, is refused: see its code.)",
    )
    install: Literal["helm", "none"] = Field(
        default="helm",
        description="Prometheus, its operator and Grafana (chart kube-prometheus-stack): by Helm into a cluster of our "
        "own, or there already.",
    )
    namespace: NamespaceThere | None = Field(
        default=None, description="Namespace of a Prometheus that is there already; absent: `monitoring`."
    )
    labels: dict[LabelKey, LabelValue] = Field(
        default={},
        max_length=20,
        description="Labels by which that Prometheus finds what to read; absent: `release: kube-prometheus-stack`. One "
        "that we install finds all.",
    )
    targets: Targets = Field(default=Targets.model_construct(), description="How fast answers are meant to come.")

    def enabled(self) -> bool:
        """Whether anything is measured."""
        return self.via != "none"
