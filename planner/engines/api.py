"""The paths by which a model is meant to be asked. An engine answers at many more, which load adapters, show requests
as it reads them or put it to sleep; some lie below `/v1` too."""

from collections.abc import Mapping

from catalog.arguments import Release
from settings.models import Task

MODELS = "/v1/models"
PATHS: Mapping[Task, tuple[str, ...]] = {
    "chat": (
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/responses",
        "/v1/messages",
        "/v1/messages/count_tokens",
        MODELS,
    ),
    "embed": ("/v1/embeddings", MODELS),
    "rerank": ("/v1/rerank", "/v1/score", MODELS),
}
"""What clients of OpenAI's API ask (its reference: chat, completions, responses, embeddings, models), those of
Anthropic's (Messages, count tokens), and those of a reranker, for which OpenAI has no path (vLLM documentation, pooling
models: Jina's and Cohere's /v1/rerank, its own /v1/score). Left out is what only an engine has (`/render`, `/batch`),
and what answers are fetched by that were kept (`/v1/responses/{id}`): vLLM keeps none unless told to."""


def public_paths(task: Task, release: Release | None) -> tuple[str, ...]:
    """Those of PATHS that the release of an engine answers at; all where nothing was recorded of it."""
    return tuple(path for path in PATHS[task] if release is None or path in release.paths)
