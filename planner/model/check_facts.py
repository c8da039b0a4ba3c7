"""Why nothing is known of a model: its id leads to no weight files that the engine reads."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.engines.registry import NAMES, every, find
from planner.model import dtype_codes
from planner.model import facts_codes as codes
from planner.model.facts import KINDS, TASKS, chats_if_asked, format_of, nearest, own_id, same_id, served_format
from settings.diagnostics import Diagnostic
from settings.stack import Settings


def check_facts(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the id of the model with this key; nothing where `resolve` has its facts."""
    model, section = settings.models[name], f"models.{name}"
    entry = catalog.find_model(model.model)
    path, engine = f"{section}.model", find(model.engine)
    if model.architecture is not None or (entry is not None and served_format(entry, model) is not None):
        return
    if entry is None:
        near = nearest(model.model, engine, catalog)
        yield codes.unknown_model(path, model=model.model, near=near, architecture_path=f"{section}.architecture")
    elif not chats_if_asked(entry, model):
        yield codes.model_not_chat(f"{section}.task", model=model.model, kind=KINDS[entry.kind], task=TASKS[entry.kind])
    elif engine.own_ids:
        other = find(NAMES[0])
        yield codes.ollama_needs_its_own_id(
            path,
            model=model.model,
            title=engine.title,
            library=engine.library,
            known=own_id(entry, engine),
            other=(other.name, other.title),
            engine_path=f"{section}.engine",
        )
    else:
        format_, readable = format_of(entry, model.model), engine.formats
        own = next((w.huggingface or w.modelscope for f, w in entry.weights.items() if f in readable), None)
        other = next(
            (each for each in every() if each.own_ids and same_id(own_id(entry, each) or "", model.model)), None
        )
        if other is None:
            yield dtype_codes.format_not_read(
                path, model=model.model, format_=format_, engine=engine.title, readable=readable, own=own
            )
            return
        yield codes.ollama_id_on_another_engine(
            path,
            model=model.model,
            engine=model.engine,
            own=own or entry.id,
            other=(other.name, other.title),
            engine_path=f"{section}.engine",
        )
