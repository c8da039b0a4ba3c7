"""The questions of `tke-llm new`: at most seven, each with a default and the reason for it in one line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.load import Catalog
from cli.language import tr
from cli.new.answers import (
    MODELS,
    ON_CPU,
    PURPOSES,
    Answers,
    read_cluster,
    read_demand,
    read_model,
    read_nodes,
    read_purpose,
    read_reach,
    read_region,
    read_yes,
)

MOST_QUESTIONS = 7
FLAGS = {
    "purpose": "--for",
    "cluster": "--cluster",
    "region": "--region",
    "nodes": "--nodes",
    "model": "--model",
    "demand": "--users or --gpus",
    "reach": "--reach",
    "keep": "--keep",
}
"""The option that answers each question."""


@dataclass(frozen=True)
class Question:
    """`read` makes the answer of a text, or raises `AnswerError`."""

    key: str
    asks: str
    default: str
    reason: str
    read: Callable[[str], object]


def following(found: Mapping[str, Any], catalog: Catalog) -> Question | None:
    """The next question after these answers by their keys; None where all is answered."""
    exists = found.get("cluster") is not None
    by_kubeconfig = exists and not found["cluster"].startswith("cls-")
    order = [
        _purpose,
        _cluster,
        *([] if by_kubeconfig else [_region]),
        *([_nodes] if exists else []),
        _model,
        *([] if exists else [_demand]),
        _reach,
        _keep,
    ]
    return next((make(found, catalog) for make in order if make.__name__[1:] not in found), None)


def answers(found: Mapping[str, Any], address: str | None, prices: Mapping[str, float]) -> Answers:
    """What `following` asked for, together."""
    values: dict[str, Any] = {"region": None, "nodes": None, "demand": None, **found}
    return Answers(
        **{key: value for key, value in values.items() if key != "reach"},
        host=values["reach"],
        address=address,
        prices=prices,
    )


def _purpose(_: Mapping[str, Any], __: Catalog) -> Question:
    asks = tr("What is it for? chat (a page and an API), api (without a page), embed (vectors) or rerank")
    return Question("purpose", asks, "chat", tr("people can try it in a browser"), read_purpose)


def _cluster(_: Mapping[str, Any], __: Catalog) -> Question:
    return Question(
        "cluster",
        tr("Which cluster? new, the path of a kubeconfig, or the id of a TKE cluster (cls-…)"),
        "new",
        tr("one of its own goes as a whole with `pulumi destroy`"),
        read_cluster,
    )


def _region(_: Mapping[str, Any], catalog: Catalog) -> Question:
    return Question(
        "region",
        tr("Which region of Tencent Cloud?"),
        "ap-guangzhou",
        tr("most kinds of GPU machines are sold there"),
        lambda text: read_region(text, catalog),
    )


def _nodes(found: Mapping[str, Any], catalog: Catalog) -> Question:
    purpose = found["purpose"]
    default, reason = "cpu", tr("a small model answers on any cluster")
    if purpose not in ("chat", "api"):
        default, reason = "1 x A10", tr("this needs a GPU")
    return Question(
        "nodes",
        tr("What has a node of that cluster? cpu, 1 x A10, or with cores and memory: 2 x T4, 20 cores, 80Gi"),
        default,
        reason,
        lambda text: read_nodes(text, purpose, catalog),
    )


def _model(found: Mapping[str, Any], catalog: Catalog) -> Question:
    purpose, nodes = found["purpose"], found.get("nodes")
    on_cpu = nodes is not None and nodes.gpu is None
    chats = purpose in ("chat", "api")
    default, reason = "reasoning", MODELS["reasoning"]
    if not chats:
        default, reason = MODELS[purpose], tr("small and good at it")
    if on_cpu:
        default, reason = ON_CPU, tr("it answers at reading speed on four cores")
    asks = tr("Which model? Its id")
    if chats and not on_cpu:
        tasks = ", ".join(task for task in MODELS if task not in PURPOSES)
        asks = tr("Which model? A task ({tasks}), or a model's id", tasks=tasks)
    return Question("model", asks, default, reason, lambda text: read_model(text, purpose, nodes, catalog))


def _demand(_: Mapping[str, Any], __: Catalog) -> Question:
    return Question(
        "demand",
        tr("How many people wait for an answer at the same time (4), or how many GPUs may it cost (1 gpu)?"),
        "4",
        tr("each with a conversation of up to 8,192 tokens; who comes later waits"),
        read_demand,
    )


def _reach(_: Mapping[str, Any], __: Catalog) -> Question:
    return Question(
        "reach",
        tr("How do people reach it? port-forward, or a host name of yours for public HTTPS"),
        "port-forward",
        tr("nothing is public, and only who has the kubeconfig gets in"),
        read_reach,
    )


def _keep(_: Mapping[str, Any], __: Catalog) -> Question:
    return Question(
        "keep",
        tr("Keep models and chats when the stack is destroyed (yes or no)?"),
        "no",
        tr("what is kept is billed until you delete it"),
        read_yes,
    )
