"""What can be wrong with the model that is asked for: whether it is known, and by which id an engine finds it."""

from settings.diagnostics import Text, error, warning
from settings.translation import tr


@error(
    meaning=tr("The catalogue has no such model, so its memory and context cannot be computed."),
    example="models: {chat: {model: deepseek-ai/DeepSeek-R1-Distil-Qwen-7B}}",
    fix=tr("Use the id that is suggested, or describe the model under `architecture`."),
    source="catalog/data/models",
    forceable=False,
)
def unknown_model(*, model: str, near: str | None, architecture_path: str) -> Text:
    return Text(
        message=tr("The catalogue has no model {model!r}, so its memory and context cannot be computed.", model=model),
        remedy=tr(
            "Use {near}, or describe it under {architecture_path} (`tke-llm model add` reads a config.json).",
            near=near,
            architecture_path=architecture_path,
        )
        if near
        else tr(
            "Describe it under {architecture_path} (`tke-llm model add` reads a config.json).",
            architecture_path=architecture_path,
        ),
        given=model,
        allowed=tr("a model of the catalogue (`tke-llm fit --all` lists them), or any model with its `architecture`"),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr(
        "The model makes embeddings or ranks documents, and is asked to chat. It would never answer on the page."
    ),
    example="models: {chat: {model: BAAI/bge-m3, task: chat}}",
    fix=tr("Leave task out, or use a chat model."),
    source='catalog/data/models (kind); vLLM documentation, "pooling models"',
    forceable=False,
)
def model_not_chat(*, model: str, kind: str, task: str) -> Text:
    """`kind`: what it is, with its article; `task`: what it is for."""
    return Text(
        message=tr(
            "{model} is {kind}, which does not chat: it would never answer on the page.", model=model, kind=kind
        ),
        remedy=tr("Leave task out, which is {task} then, or use a chat model.", task=task),
        given="chat",
        allowed=task,
        fix=(("", None),),
    )


@warning(
    meaning=tr("The model's id in Ollama's library names no tag, or `latest`, which comes to stand for other files."),
    example="pools: {gpu: {instanceType: GN7.2XLARGE32}}    # T4\n"
    'models: {chat: {engine: ollama, model: "qwen3:latest"}}',
    fix=tr("Name the tag."),
    source="catalog/data/ollama.yaml (latest); docs.ollama.com/api (a name without a tag means latest)",
)
def tag_moves(*, model: str, pinned: str) -> Text:
    """`pinned`: what it stood for when somebody looked."""
    return Text(
        message=tr(
            "{model} comes to stand for other files in time; it stood for {pinned}, whose size the plan uses.",
            model=model,
            pinned=pinned,
        ),
        remedy=tr("Name the tag: {pinned}.", pinned=pinned),
        given=model,
        allowed=pinned,
        fix=(("", pinned),),
    )


@error(
    meaning=tr("Ollama is to serve a model under an id that its registry does not use."),
    example="models: {chat: {engine: ollama, model: deepseek-ai/DeepSeek-R1-Distill-Qwen-7B}}",
    fix=tr("Give the model's `name:tag`, such as deepseek-r1:7b."),
    source="ollama.com/library",
    forceable=False,
)
def ollama_needs_its_own_id(
    *, model: str, title: str, library: str | None, known: str | None, other: tuple[str, str], engine_path: str
) -> Text:
    """`title` is the engine's name in a sentence, `known` the id of the same model in its registry, `other` the name
    and title of another engine."""
    name, other_title = other
    return Text(
        message=tr(
            "{title} serves models of its own registry, called `name:tag`; {model!r} is not one of them.",
            title=title,
            model=model,
        ),
        remedy=tr("Use {known}.", known=known)
        if known
        else tr("Use {other_title}, or give the model's `name:tag` with its `architecture`.", other_title=other_title),
        given=model,
        allowed=tr("a `name:tag` of {library}", library=library),
        fix=(("", known),) if known else ((engine_path, name),),
    )


@error(
    meaning=tr("vLLM or SGLang is to serve a `name:tag` of Ollama's registry."),
    example='models: {chat: {model: "deepseek-r1:7b"}}',
    fix=tr("Give the Hugging Face or ModelScope id, or set engine to ollama."),
    source="vLLM and SGLang read repositories of safetensors files.",
    forceable=False,
)
def ollama_id_on_another_engine(*, model: str, engine: str, own: str, other: tuple[str, str], engine_path: str) -> Text:
    """`own` is the model's id outside the registry of `other`, the name and title of the engine that reads it."""
    name, title = other
    return Text(
        message=tr(
            "{model!r} is an id of {title}'s registry, which {engine} does not read.",
            model=model,
            title=title,
            engine=engine,
        ),
        remedy=tr("Use {own}, or set {engine_path} to {name}.", own=own, engine_path=engine_path, name=name),
        given=model,
        allowed=tr("a Hugging Face or ModelScope id"),
        fix=(("", own),),
    )
