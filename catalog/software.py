"""Software beside the engines: charts, and the variables of the chat page."""

from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from catalog.entry import Entry, Record


class PageVariable(Entry):
    """A variable of Open WebUI that `webui.env` should not set: the program does (`decided_by` says by what), or a
    value that does not match `safe` undoes something (`why`). `setting` is the key of the stack file that serves
    instead, None where there is none."""

    name: str
    decided_by: str | None = None
    why: str | None = None
    setting: str | None = None
    safe: str | None = None

    @model_validator(mode="after")
    def _one_reason(self) -> Self:
        if (self.decided_by is None) == (self.why is None):
            raise ValueError("give either decided_by or why")
        return self


class ChartImage(Record):
    """An image that a chart runs. The other fields are the dotted names of values: `reference` takes the whole image;
    where the chart knows parts, `repository` takes the registry too unless `registry` is given.

    `mainland` is where nodes on the mainland pull it when its own registry is blocked there.
    """

    image: str
    mainland: str | None = None
    reference: str | None = None
    registry: str | None = None
    repository: str | None = None
    tag: str | None = None


class ChartPart(Record):
    """Pods of a chart that asks for nothing by itself, or for too little: the dotted names of the values that place
    them on the CPU nodes (`node_selector`, None: they belong elsewhere) and that take their `resources`, and what one
    of them then asks for."""

    node_selector: str | None = None
    resources: str
    cpu_millis: PositiveInt
    memory_mib: PositiveInt


class Chart(Entry):
    """Software that the stack may install into a cluster, one version of it.

    `installer` "market" is TKE's app market, which installs its newest `version`. `kubernetes` are the oldest and the
    newest minor that it is tested on. `node_selector` is the dotted name of the value that places its pods; where there
    are several of those, `parts` has one for each. `values` are set whatever the stack is. `limiter` is the image of
    its rate limit service, which it runs where limits are counted, None where that is not known. `awaited`: `pulumi up`
    waits until its pods are ready.
    `rehearsed` is the release that this project ran against a real API server, None where it ran none;
    `rehearsed_note` says why it is another than `version`.
    """

    name: str
    software: Literal["envoy-gateway", "keda", "lws", "kube-prometheus-stack", "dcgm-exporter"]
    installer: Literal["market", "helm"]
    chart: str
    repository: str | None = None
    version: str | None = None
    market_namespace: str | None = None
    release: str
    namespace: str
    node_selector: str | None = None
    kubernetes: tuple[str, str] | None = None
    images: tuple[ChartImage, ...] = ()
    limiter: ChartImage | None = None
    parts: tuple[ChartPart, ...] = ()
    values: dict[str, bool | str | list[str]] = Field(default={})
    awaited: bool = True
    rehearsed: str | None = None
    rehearsed_note: str | None = None

    @property
    def number(self) -> str | None:
        """The version as releases are counted, without the v of a tag."""
        return self.version and self.version.removeprefix("v")

    @model_validator(mode="after")
    def _another_release_has_a_reason(self) -> Self:
        if (self.rehearsed in {None, self.number}) != (self.rehearsed_note is None):
            raise ValueError("give rehearsed_note where rehearsed is another release than version, and only there")
        return self
