"""What the questions of `tke-llm new` may be answered with, each read from the text that was typed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from typing import Literal, get_args

from pydantic import TypeAdapter, ValidationError

from catalog.engines import EngineName
from catalog.load import Catalog
from catalog.models import CatalogModel
from catalog.names import gpus_meant, region_meant
from cli.language import tr
from planner.engines.registry import NAMES, every, find
from planner.model.facts import KINDS, TASKS, nearest
from settings import translation
from settings.names import ClusterId, Hostname, OneLine
from settings.suggest import closest

Purpose = Literal["chat", "api", "embed", "rerank"]
PURPOSES: Mapping[Purpose, str] = {
    "chat": translation.tr("a chat page and an API"),
    "api": translation.tr("an API that chats, without a page"),
    "embed": translation.tr("an API that turns texts into vectors"),
    "rerank": translation.tr("an API that orders texts by a question"),
}
MODELS: Mapping[str, str] = {
    "reasoning": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "general": "Qwen/Qwen2.5-7B-Instruct",
    "code": "Qwen/Qwen2.5-Coder-7B-Instruct",
    "images": "Qwen/Qwen3-VL-8B-Instruct",
    "embed": "Qwen/Qwen3-Embedding-0.6B",
    "rerank": "Qwen/Qwen3-Reranker-0.6B",
}
"""A model of the catalogue for each task: one that a single GPU of 24 GB serves."""
ON_CPU = "qwen2.5:0.5b"
"""The model of the sample `local`, which answers at reading speed on four cores."""
PLACES: Mapping[str, str] = {
    "广州": "ap-guangzhou",
    "上海": "ap-shanghai",
    "南京": "ap-nanjing",
    "北京": "ap-beijing",
    "成都": "ap-chengdu",
    "重庆": "ap-chongqing",
    "中卫": "ap-zhongwei",
    "香港": "ap-hongkong",
    "中国香港": "ap-hongkong",
    "新加坡": "ap-singapore",
    "雅加达": "ap-jakarta",
    "首尔": "ap-seoul",
    "东京": "ap-tokyo",
    "曼谷": "ap-bangkok",
    "圣保罗": "sa-saopaulo",
    "硅谷": "na-siliconvalley",
    "弗吉尼亚": "na-ashburn",
    "法兰克福": "eu-frankfurt",
}
"""Regions by the place that the console calls them by."""
MOST = 1000
"""Replicas of a model, and nodes of a pool (settings)."""

_YES, _NO = ("y", "yes", "是"), ("n", "no", "否")
_DEMAND = re.compile(r"(\d{1,6})\s*(gpus?)?", re.IGNORECASE)
_NODES = re.compile(
    r"(?:(\d{1,2})\s*x\s*)?([A-Za-z][\w*.-]*)(?:\s*,\s*(\d{1,4})\s*cores?)?(?:\s*,\s*(\d{1,5})\s*Gi)?", re.IGNORECASE
)
_HOST: TypeAdapter[str] = TypeAdapter(Hostname)
_CLUSTER: TypeAdapter[str] = TypeAdapter(ClusterId)
_PATH: TypeAdapter[str] = TypeAdapter(OneLine)


class AnswerError(Exception):
    """An answer that cannot be taken; the message says what can."""


@dataclass(frozen=True)
class Demand:
    """Either so many answers at the same time, or GPUs that may be paid for and no more."""

    users: int | None = None
    gpus: int | None = None


@dataclass(frozen=True)
class Nodes:
    """What one node of a cluster that exists offers to pods; `gpu` None: no GPU. `memory` in GiB."""

    gpu: str | None
    gpus: int
    cores: int
    memory: int


@dataclass(frozen=True)
class Answers:
    """All answers. `cluster` is None for one that is made, else the path of a kubeconfig or a cluster's id; `region`
    is None where only a kubeconfig leads to it. `demand` is asked for a cluster that is made, `nodes` for one that
    exists. `host` None: by port-forward. `address` may reach the API server. `prices` are per hour."""

    purpose: Purpose
    cluster: str | None
    region: str | None
    model: str
    demand: Demand | None
    nodes: Nodes | None
    host: str | None
    keep: bool
    address: str | None = None
    prices: Mapping[str, float] = field(default_factory=dict)

    @property
    def engine(self) -> EngineName:
        """The first engine that serves such an id: Ollama the names of its library."""
        return engine_of(self.model)

    @property
    def engine_is_named(self) -> bool:
        """Whether the stack file has to name the engine."""
        return self.engine != NAMES[0]

    @property
    def by_id(self) -> bool:
        """Whether the cluster exists and is named by its id."""
        return self.cluster is not None and self.cluster.startswith("cls-")


def is_tag(model: str) -> bool:
    """Whether it is a name of Ollama's library, such as ``qwen2.5:7b``."""
    return ":" in model and "/" not in model


def engine_of(model: str) -> EngineName:
    return next(each.name for each in every() if each.own_ids == is_tag(model))


def read_purpose(text: str) -> Purpose:
    found = next((each for each in get_args(Purpose) if each == text.lower()), None)
    if found is None:
        raise AnswerError(tr("{text!r} is none of {known}", text=text, known=", ".join(PURPOSES)))
    return found


def read_cluster(text: str) -> str | None:
    """``new``, the path of a kubeconfig, or the id of a TKE cluster."""
    if text.lower() == "new":
        return None
    if re.match(r"cls-\w+$", text):
        return _valid(_CLUSTER, text, tr("the id of a TKE cluster, such as cls-1a2b3c4d"))
    if "/" not in text and "." not in text:
        raise AnswerError(
            tr("{text!r} is no answer: `new`, the path of a kubeconfig (~/.kube/config), or an id (cls-…)", text=text)
        )
    return _valid(_PATH, text, tr("the path of a kubeconfig"))


def read_region(given: str, catalog: Catalog) -> str:
    """The id of a region, from that or from the name of its place in Chinese."""
    text = PLACES.get(given, given)
    if text not in catalog.regions:
        meant = region_meant(text, catalog.regions)
        if meant:
            raise AnswerError(tr("the catalogue has no region {text}; did you mean {meant}?", text=text, meant=meant))
        known = ", ".join(catalog.regions)
        raise AnswerError(tr("the catalogue has no region {text}; known: {known}", text=text, known=known))
    return text


def read_model(text: str, purpose: Purpose, nodes: Nodes | None, catalog: Catalog) -> str:
    """The id of a model that serves the purpose, from an id or a task of `MODELS`."""
    given = MODELS.get(text.lower(), text)
    entry = catalog.find_model(given)
    if entry is None:
        near = nearest(given, find(engine_of(given)), catalog) or closest(given, MODELS)
        if near:
            raise AnswerError(tr("the catalogue has no model {model}; did you mean {near}?", model=given, near=near))
        raise AnswerError(
            tr(
                "the catalogue has no model {model}; give a task ({tasks}), or describe the model: `tke-llm model add` "
                "prints what the stack file needs",
                model=given,
                tasks=", ".join(MODELS),
            )
        )
    _serves(given, entry, purpose)
    if nodes is not None and nodes.gpu is None and not is_tag(given):
        raise AnswerError(
            tr("without a GPU a model is served by its tag, such as {tag}, not {model}", tag=ON_CPU, model=given)
        )
    return given


def _serves(given: str, entry: CatalogModel, purpose: Purpose) -> None:
    task = TASKS[entry.kind]
    if task != ("chat" if purpose == "api" else purpose):
        raise AnswerError(
            tr(
                "{model} is {kind}, which does not serve {purpose!r}; choose another, or --for {task}",
                model=given,
                kind=KINDS[entry.kind],
                purpose=purpose,
                task=task,
            )
        )


def read_demand(text: str) -> Demand:
    found = _DEMAND.fullmatch(text.strip())
    number = int(found[1]) if found else 0
    if found is None or not 1 <= number <= MOST:
        raise AnswerError(
            tr(
                "{text!r} is neither a number of people (10) nor of GPUs (2 gpus), from 1 to {most}",
                text=text,
                most=MOST,
            )
        )
    return Demand(gpus=number) if found[2] else Demand(users=number)


def read_nodes(text: str, purpose: Purpose, catalog: Catalog) -> Nodes:
    """``1 x A10``, ``cpu``, or with what else the node has: ``2 x T4, 20 cores, 80Gi``."""
    found = _NODES.fullmatch(text.strip())
    if found is None:
        raise AnswerError(
            tr("{text!r} is not like `1 x A10`, `2 x T4, 20 cores, 80Gi`, or `cpu, 4 cores, 8Gi`", text=text)
        )
    count, what = int(found[1] or 1), found[2]
    cores, memory = (int(found[place]) if found[place] else None for place in (3, 4))
    if min(count, cores or 1, memory or 1) < 1 or count > 16:
        raise AnswerError(tr("{text!r}: a node has 1 to 16 GPUs, at least one core and 1Gi", text=text))
    if what.lower() == "cpu":
        if purpose not in ("chat", "api"):
            raise AnswerError(
                tr(
                    "without a GPU nothing serves {purpose!r} that the catalogue has; give nodes with a GPU",
                    purpose=purpose,
                )
            )
        return Nodes(None, 0, cores or 4, memory or 8)
    exact = next((name for name in catalog.gpus if name.lower() == what.lower()), None)
    meant = (exact,) if exact else gpus_meant(what, catalog.gpus)
    if len(meant) != 1:
        known = ", ".join(meant or catalog.gpus)
        raise AnswerError(tr("the catalogue has no GPU {gpu}; known: {known}", gpu=what, known=known))
    return Nodes(meant[0], count, cores or 8 * count, memory or 32 * count)


def read_reach(text: str) -> str | None:
    """``port-forward``, or the host name that people will open."""
    if text.lower() in ("port-forward", "forward", "nobody"):
        return None
    return _valid(_HOST, text.removeprefix("https://").rstrip("/"), tr("`port-forward`, or a host name of yours"))


def read_yes(text: str) -> bool:
    if text.lower() not in (*_YES, *_NO):
        raise AnswerError(tr("{text!r} is neither yes nor no", text=text))
    return text.lower() in _YES


def read_address(text: str) -> str:
    """An address or a range of IPv4."""
    try:
        return str(IPv4Network(text, strict=False))
    except ValueError:
        raise AnswerError(tr("{text!r} is no IPv4 address or range, such as 198.51.100.7/32", text=text)) from None


def _valid(adapter: TypeAdapter[str], text: str, wanted: str) -> str:
    try:
        return adapter.validate_python(text)
    except ValidationError:
        raise AnswerError(tr("{text!r} is not {wanted}", text=text, wanted=wanted)) from None
