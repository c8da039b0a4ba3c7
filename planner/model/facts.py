"""What is known of one model: the figures that decide memory, its files and where they are.

They come from the catalogue, or from `architecture` in the stack file, which wins where both speak.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.engines import SourceName
from catalog.library import whole
from catalog.load import Catalog
from catalog.models import Attention, CatalogModel, ModelArchitecture, ModelArgument, ModelKind, WeightFormat, Weights
from planner.engines.engine import Engine
from planner.engines.registry import NAMES, every, find
from settings.models import Model, Task
from settings.stack import Settings
from settings.translation import tr

BYTES_PER_GIB = 2**30
KINDS = {"chat": tr("a chat model"), "embedding": tr("an embedding model"), "reranker": tr("a reranker")}
TASKS: Mapping[ModelKind, Task] = {"chat": "chat", "embedding": "embed", "reranker": "rerank"}
"""What a model of each kind is served for unless the stack file says otherwise."""


@dataclass(frozen=True)
class Widths:
    """The widths of a model's layers, which tensor parallelism cuts; None: not known.

    `dense` is the inner width of a layer without experts, of which there are `dense_layers`; `expert` that of one of
    the `experts` of each of the `expert_layers` (those for multi-token prediction among them), and `shared` that of all
    its shared ones together; `vocabulary` the tokens of the embeddings and of the output layer; `heads_out` the width
    that attention hands on. So many weights as `group` says share a scale along a width, in these files;
    `group_verified` where somebody read that. `vision_heads` are those of the encoder of images.
    """

    hidden: int | None = None
    dense: int | None = None
    dense_layers: int = 0
    experts: int | None = None
    expert_layers: int = 0
    expert: int | None = None
    shared: int = 0
    vocabulary: int | None = None
    heads_out: int | None = None
    vision_heads: int | None = None
    group: int | None = None
    group_verified: bool = True


@dataclass(frozen=True)
class ModelFacts:
    """One model in one format.

    `id` is what the stack file names; `family` the catalogue's entry (or `id` again). `kv_layers` counts the layers
    whose KV cache grows with the context, `sliding_layers` those that keep the last `sliding_window` tokens, in heads
    of their own where `sliding_kv_heads` and `sliding_head_dim` say so; `v_head_dim` is the width of a value where it
    is not a key's. `table_numbers` counts those of the embeddings and the output layer; 0: unknown. `encoder_gib` is
    what reading one image takes at the least, as far as somebody measured it. `computable` is false where the cache
    of this kind of attention is not modelled. `dtype` is the type of the unquantised parts. `weights_gib` is the
    total of the weight files of this `format`. `verified` is false where a rule on sizes may only warn. `catalogued`
    is false for a model described in the stack file.
    `min_releases` are the first releases of engines that know the architecture, as far as they are known,
    `last_releases` the last ones of those that have given it up, `releases_verified` whether somebody read that;
    `arguments` are those that engines need for it; `tools_in_template`: its own chat template shows the model the tools
    of a request. `estimated`: nobody lists the file's size. `kind` is what it was trained for, as far as the catalogue
    knows, and `task` what it is served for. `unstaged` are the engines that cannot cut it into pipeline stages.
    `attention` are the kinds of attention that not every GPU runs, `mtp_layers` the layers for multi-token prediction
    that the files hold besides (None where nobody says), `architecture_class` is the class of config.json.
    """

    id: str
    family: str
    layers: int
    kv_layers: int
    heads: int
    kv_heads: int
    head_dim: int
    kv_lora_rank: int | None
    qk_rope_head_dim: int | None
    max_positions: int
    computable: bool
    dtype: str
    format: WeightFormat
    weights_gib: float
    huggingface: str | None
    modelscope: str | None
    ollama: str | None
    source: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    verified: bool = True
    catalogued: bool = True
    gated: bool = False
    license: str | None = None
    reasoning_parser: str | None = None
    tool_parser: str | None = None
    tools_in_template: bool = True
    arguments: tuple[ModelArgument, ...] = ()
    min_releases: Mapping[str, str] = field(default_factory=dict)
    last_releases: Mapping[str, str] = field(default_factory=dict)
    releases_verified: bool = True
    float16: bool = True
    sliding_layers: int = 0
    sliding_window: int = 0
    attention: tuple[Attention, ...] = ()
    estimated: bool = False
    widths: Widths = Widths()
    unstaged: tuple[str, ...] = ()
    kind: ModelKind = "chat"
    task: Task = "chat"
    sliding_kv_heads: int | None = None
    sliding_head_dim: int | None = None
    v_head_dim: int | None = None
    encoder_gib: float = 0.0
    table_numbers: int = 0

    mtp_layers: int | None = None
    architecture_class: str | None = None

    @property
    def value_dim(self) -> int:
        """The width of one head's value."""
        return self.v_head_dim or self.head_dim

    @property
    def weights_bytes(self) -> int:
        return round(self.weights_gib * BYTES_PER_GIB)

    @property
    def encoder(self) -> bool:
        """Whether it reads a text at once and keeps no cache (BERT and its like)."""
        return self.task != "chat" and not self.kv_layers and not self.sliding_layers

    @property
    def mla(self) -> bool:
        """Whether the cache holds one compressed vector per token (multi-head latent attention)."""
        return self.kv_lora_rank is not None

    def repository(self, source: SourceName) -> str | None:
        """The id under which a source holds the files; None: it has none known."""
        return getattr(self, source)


def catalogued(entry: CatalogModel, format_: WeightFormat, given: str | None = None) -> ModelFacts:
    """The facts of a catalogue entry in one of the formats that it lists; KeyError for another format."""
    weights, shape = entry.weights[format_], entry.architecture
    return ModelFacts(
        id=given or next(iter(weights.repositories), entry.id),
        family=entry.id,
        **_figures(shape),
        dtype=entry.dtype,
        format=format_,
        weights_gib=weights.gib,
        huggingface=weights.huggingface,
        modelscope=weights.modelscope,
        ollama=weights.ollama,
        source=entry.source,
        include=weights.include,
        exclude=weights.exclude,
        verified=entry.verified and weights.verified,
        gated=entry.gated,
        license=entry.license,
        reasoning_parser=entry.reasoning_parser,
        tool_parser=entry.tool_parser,
        tools_in_template=entry.tools_in_template,
        arguments=entry.arguments,
        min_releases={name: least for name in NAMES if (least := entry.min_release(name))},
        last_releases={name: last for name in NAMES if (last := entry.last_release(name))},
        releases_verified=entry.verified,
        float16=entry.float16,
        attention=entry.attention,
        estimated=weights.estimated,
        widths=_widths(shape, weights),
        unstaged=entry.unstaged,
        kind=entry.kind,
        task=TASKS[entry.kind],
        mtp_layers=shape.mtp_layers if "mtp_layers" in shape.model_fields_set else None,
        architecture_class=entry.architecture_class,
    )


def _figures(shape: ModelArchitecture) -> dict[str, Any]:
    """What facts take from an architecture as it stands, by name."""
    growing = shape.layers - shape.sliding_layers if shape.kv_layers is None else shape.kv_layers
    return {
        "layers": shape.layers,
        "kv_layers": growing,
        "heads": shape.heads,
        "kv_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "v_head_dim": shape.v_head_dim,
        "kv_lora_rank": shape.kv_lora_rank,
        "qk_rope_head_dim": shape.qk_rope_head_dim,
        "sliding_layers": shape.sliding_layers if shape.sliding_window else 0,
        "sliding_window": shape.sliding_window or 0,
        "sliding_kv_heads": shape.sliding_kv_heads,
        "sliding_head_dim": shape.sliding_head_dim,
        "encoder_gib": shape.encoder_gib,
        "table_numbers": shape.table_numbers,
        "max_positions": shape.max_positions,
        "computable": shape.computable,
    }


def _widths(shape: ModelArchitecture, weights: Weights) -> Widths:
    dense_layers = shape.dense_layers if shape.experts else shape.layers
    return Widths(
        hidden=shape.hidden_size,
        dense=(weights.intermediate_size or shape.intermediate_size) if dense_layers else None,
        dense_layers=dense_layers,
        experts=shape.experts,
        expert_layers=shape.layers - dense_layers + shape.mtp_layers,
        expert=shape.moe_intermediate_size,
        shared=shape.shared_intermediate_size,
        vocabulary=shape.vocab_size,
        heads_out=shape.heads * (shape.v_head_dim or shape.head_dim),
        vision_heads=shape.vision_heads,
        group=weights.group,
        group_verified=weights.group_verified,
    )


def resolve(name: str, settings: Settings, catalog: Catalog) -> ModelFacts | None:
    """The facts of the model with this key in the stack file; None where its id does not lead to weight files that the
    engine reads, or those of a model that does not chat as it is asked to (`check_facts` says why)."""
    model = settings.models[name]
    if model.architecture is not None:
        return given_up(_described(model, catalog))
    entry = catalog.find_model(model.model)
    format_ = served_format(entry, model) if entry else None
    if entry is None or format_ is None:
        return None
    engine = find(model.engine)
    given = whole(model.model) if engine.own_ids else model.model
    facts = given_up(catalogued(entry, format_, given))
    return replace(facts, task=model.task) if model.task else facts


def given_up(facts: ModelFacts) -> ModelFacts:
    """The facts with the last releases of engines that read the weights' format."""
    last = {each.name: each.last_formats[facts.format] for each in every() if facts.format in each.last_formats}
    return replace(facts, last_releases={**last, **facts.last_releases}) if last else facts


def served_format(entry: CatalogModel, model: Model) -> WeightFormat | None:
    """The format that the engine would read; None where it knows no such id, does not read the format, or the model
    is asked to chat and does not."""
    if not chats_if_asked(entry, model):
        return None
    engine = find(model.engine)
    if engine.own_ids:
        known = own_id(entry, engine)
        return engine.formats[0] if known is not None and same_id(whole(model.model), known) else None
    format_ = format_of(entry, model.model)
    return format_ if format_ in engine.formats else None


def chats_if_asked(entry: CatalogModel, model: Model) -> bool:
    """Whether the model chats, or nobody asks it to."""
    return entry.kind == "chat" or model.task != "chat"


def own_id(entry: CatalogModel, engine: Engine) -> str | None:
    """The id under which the engine's own registry has the model."""
    weights = entry.weights.get(engine.formats[0])
    return weights.repository(engine.sources[0]) if weights else None


def _described(model: Model, catalog: Catalog) -> ModelFacts:
    shape = model.architecture
    assert shape is not None  # noqa: S101  the caller has looked
    engine = find(model.engine)
    at = dict.fromkeys(engine.sources, model.model)
    named = {name: getattr(shape, name) for name in ModelArchitecture.model_fields if hasattr(shape, name)}
    figures = ModelArchitecture.model_validate({name: value for name, value in named.items() if value is not None})
    return ModelFacts(
        id=model.model,
        family=model.model,
        **_figures(figures),
        dtype=shape.dtype,
        format=engine.formats[0] if engine.own_ids else shape.format,
        weights_gib=shape.weights_gib,
        huggingface=at.get("huggingface"),
        modelscope=at.get("modelscope"),
        ollama=at.get("ollama"),
        source="architecture in the stack file",
        catalogued=False,
        min_releases={name: least for name in NAMES if (least := getattr(shape, f"min_{name}", None))},
        float16=shape.float16,
        widths=_widths(figures, Weights(gib=shape.weights_gib, group=shape.group_size)),
        attention=catalog.attention_of(mla=shape.kv_lora_rank is not None),
        kind=next(kind for kind, task in TASKS.items() if task == (model.task or "chat")),
        task=model.task or "chat",
    )


def same_id(left: str, right: str) -> bool:
    """Whether two ids name one repository: hubs and registries take them in any case."""
    return left.lower() == right.lower()


def format_of(entry: CatalogModel, given: str) -> WeightFormat:
    """The format whose repository was named; the entry's own where it was named by id or alias."""
    return named_format(entry, given) or entry.format


def named_format(entry: CatalogModel, given: str) -> WeightFormat | None:
    """The format with a repository of this id; None where no format has it."""
    return next(
        (
            format_
            for format_, weights in entry.weights.items()
            if any(same_id(given, known) for known in weights.repositories)
        ),
        None,
    )


def nearest(given: str, engine: Engine, catalog: Catalog) -> str | None:
    """The id of a model that was probably meant by one that is not known, among those that the engine serves."""
    from planner.model.similar import similar  # noqa: PLC0415  its import costs time that only a mistake should pay

    return next((name for name in similar(given, catalog.model_ids()) if _served(name, engine, catalog)), None)


def _served(name: str, engine: Engine, catalog: Catalog) -> bool:
    entry = catalog.find_model(name)
    if entry is None:
        return False
    return name == own_id(entry, engine) if engine.own_ids else format_of(entry, name) in engine.formats


def needed_gib(names: Iterable[str], settings: Settings, catalog: Catalog) -> float:
    """GiB that the weights of these models and of their drafts take, each repository and revision once."""
    sizes = {}
    for name in names:
        model, facts = settings.models[name], resolve(name, settings, catalog)
        if facts is not None:
            sizes[facts.id, model.revision] = facts.weights_gib
        draft = model.speculative
        if draft is not None and draft.model is not None:
            sizes[draft.model, draft.revision] = draft.weights_gib or 0.0
    return sum(sizes.values())
