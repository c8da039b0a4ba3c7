"""What can be wrong with the task that a model is asked to do."""

from collections.abc import Iterable

from settings.diagnostics import Text, error, warning
from settings.translation import tr


@error(
    meaning=tr("The engine cannot serve this model for the requested `task`."),
    example="models: {reranker: {model: Qwen/Qwen3-8B, task: rerank}}",
    fix=tr("Leave task out, or use a model that was trained for it."),
    source="vllm 0.29.0, config/model.py (a generative model is converted to embed; to classify it takes a head that "
    "only its files have); SGLang documentation, embedding and rerank models; Ollama's API",
)
def task_not_for_model(*, model: str, kind: str, task: str, title: str, able: Iterable[str]) -> Text:
    """`kind`: what the model is, with its article; `able`: the tasks that the engine serves it for."""
    return Text(
        message=tr(
            "{model} is {kind}, and {title} does not serve it for {task}.",
            model=model,
            kind=kind,
            title=title,
            task=task,
        ),
        remedy=tr("Leave task out, or use a model that was trained for it."),
        given=task,
        allowed=", ".join(able),
        fix=(("", None),),
    )


@warning(
    meaning=tr("`task` is something else than the model was trained for; the engine serves it so nevertheless."),
    example="models: {vectors: {model: Qwen/Qwen3-8B, task: embed}}",
    fix=tr("Use a model that was trained for it, unless you know how this one does."),
    source="vllm 0.29.0, model_executor/models/adapters.py (as_embedding_model); its scoring API compares the vectors "
    "of an embedding model",
)
def task_untrained(*, model: str, kind: str, task: str, title: str) -> Text:
    """`kind`: what the model is, with its article."""
    return Text(
        message=tr(
            "{model} is {kind}: {title} makes it answer {task} requests, but it was not trained for them.",
            model=model,
            kind=kind,
            title=title,
            task=task,
        ),
        remedy=tr("Use a model that was trained for it, unless you know how this one does."),
        given=task,
    )
