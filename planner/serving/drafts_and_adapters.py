"""What a model's server reads beside its weights: the draft model of speculative decoding, and LoRA adapters."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.model.facts import BYTES_PER_GIB, ModelFacts, catalogued, format_of
from planner.serving.downloads import Files, source_of
from planner.sizing.extras import Extras
from settings.models import Model

DRAFT_LAYERS = 1
"""A draft of EAGLE is one layer with the model's own heads (SafeAILab/EAGLE, README; vLLM's llama_eagle.py)."""


def draft_gib(model: Model, catalog: Catalog) -> float | None:
    """GiB of the draft model's weights; None where nobody knows them, or there is no draft."""
    asked = model.speculative
    if asked is None or asked.model is None:
        return None
    entry = catalog.find_model(asked.model)
    return asked.weights_gib or (entry.weights[format_of(entry, asked.model)].gib if entry else None)


def extras_of(model: Model, facts: ModelFacts, catalog: Catalog) -> Extras:
    """What the model's settings keep of its GPUs. The weights of its own prediction layers are in its files, which are
    counted whole."""
    asked, lora = model.speculative, model.lora
    layers = 0
    if asked is not None and asked.method != "ngram":
        layers = max(1, facts.mtp_layers or 0) if asked.method == "mtp" else DRAFT_LAYERS
    return Extras(
        draft_gib=draft_gib(model, catalog) or 0.0,
        draft_layers=layers,
        slots=lora.slots if lora else 0,
        rank=lora.max_rank if lora else 0,
    )


def further_files(model: Model, catalog: Catalog) -> Iterator[Files]:
    """The repositories that are fetched beside the model's own: the draft's first, then the adapters', of which nobody
    knows the size."""
    asked = model.speculative
    if asked is not None and asked.model is not None:
        source = asked.source or source_of(model)
        entry = catalog.find_model(asked.model)
        facts = catalogued(entry, format_of(entry, asked.model), asked.model) if entry else None
        repository = (facts.repository(source) if facts else None) or asked.model
        size = round((draft_gib(model, catalog) or 0.0) * BYTES_PER_GIB)
        yield Files(source, repository, asked.revision, size)
    for adapter in model.lora.adapters.values() if model.lora else ():
        yield Files(adapter.source or source_of(model), adapter.model, adapter.revision, 0)
