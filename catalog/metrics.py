"""What Prometheus reads: who shows which metric, under which name, in which release."""

from typing import Literal

from packaging.version import Version
from pydantic import BaseModel, ConfigDict

from catalog.engines import EngineName
from catalog.entry import Entry

MetricRole = Literal[
    "requests", "waiting", "running", "prompt_tokens", "generated_tokens", "generated_seconds", "ttft", "tpot",
    "cache_use", "prefix_queries", "prefix_hits", "certificate_days", "certificate_end", "errors", "gpu_use",
    "memory_used", "memory_free", "xid", "failed", "succeeded", "available", "volume_free", "volume_size",
    "client_requests", "client_limited", "client_failed", "client_counted", "client_prompt_tokens",
    "client_generated_tokens",
]  # fmt: skip
"""What a metric counts. `generated_seconds`: what generated tokens took together, `tpot`: from one to the next. What
begins with `client_` is by client and model: of the requests for its own models `failed` cost no tokens, and those of
`counted` are known."""


class Metric(BaseModel):
    """A name of Prometheus, shown by the releases from `since` on and before `until`; None: by all, as far as known."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str
    since: str | None = None
    until: str | None = None

    def shown_by(self, release: Version | None) -> bool:
        """Whether a release shows it; where the release is not known (None) it may."""
        if release is None:
            return True
        after = self.since is None or release >= Version(self.since)
        return after and (self.until is None or release < Version(self.until))


class MetricsEndpoint(Entry):
    """Where metrics are shown, and what each counts. `port`: the name of the pods' port, or its number; None where
    somebody else reads it. `keyed`: the engine asks for its API key."""

    name: str
    engine: EngineName | None = None
    port: str | None = None
    path: str
    keyed: bool = False
    metrics: dict[MetricRole, tuple[Metric, ...]]

    def names(self, role: MetricRole, release: Version | None = None) -> tuple[str, ...]:
        """The names that a release may show it by, the newest first; none where it is not counted."""
        return tuple(each.name for each in self.metrics.get(role, ()) if each.shown_by(release))
