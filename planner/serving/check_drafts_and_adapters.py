"""What stands against what a model's server reads beside its weights."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.engines.registry import find
from planner.plan.types import DownloadPlan
from planner.serving import downloads_codes
from planner.serving import drafts_and_adapters_codes as codes
from planner.serving.check_downloads import check_road
from planner.serving.downloads import source_of
from planner.serving.drafts_and_adapters import draft_gib
from planner.serving.placement import Placement
from settings.diagnostics import Diagnostic, softened
from settings.paths import within
from settings.stack import Settings
from settings.translation import tr

CACHE_SETTINGS = ("prefixCaching", "kvOffload", "kvCacheDtype")
"""Settings of what is kept between steps."""

MTP_CLASSES = frozenset(
    {
        "BailingMoeV2_5ForCausalLM",
        "DeepseekV32ForCausalLM",
        "DeepseekV3ForCausalLM",
        "DeepseekV4ForCausalLM",
        "Ernie4_5_MoeForCausalLM",
        "ExaoneMoEForCausalLM",
        "Glm4MoeForCausalLM",
        "Glm4MoeLiteForCausalLM",
        "GlmMoeDsaForCausalLM",
        "GlmOcrForConditionalGeneration",
        "HYV3ForCausalLM",
        "KimiK3ForConditionalGeneration",
        "LongcatFlashForCausalLM",
        "MiMoForCausalLM",
        "MiMoV2FlashForCausalLM",
        "MiniMaxM3ForCausalLM",
        "MiniMaxM3SparseForConditionalGeneration",
        "NemotronHForCausalLM",
        "PanguUltraMoEForCausalLM",
        "Qwen3NextForCausalLM",
        "Qwen3_5ForConditionalGeneration",
        "Qwen3_5MoeForConditionalGeneration",
        "Step3p5ForCausalLM",
    }
)
"""Classes whose repositories may hold layers for multi-token prediction that an engine loads (vLLM 0.29.0,
config/speculative.py, `hf_config_override`; SGLang 0.5.18, srt/arg_groups/speculative_hook.py)."""


def check_drafts_and_adapters(
    placed: Placement, settings: Settings, further: tuple[DownloadPlan, ...], catalog: Catalog
) -> Iterator[Diagnostic]:
    """What is wrong with the draft model and the adapters of a placed model."""
    yield from _speculative(placed, catalog)
    yield from _adapters(placed, settings)
    yield from _whole_models(placed, catalog)
    yield from _offload(placed)
    yield from _without_cache(placed)
    for plan, path in zip(further, _paths(placed), strict=True):
        yield from _fetched(placed, plan, path, settings, catalog)


def _paths(placed: Placement) -> Iterator[str]:
    """Where the stack file describes what is fetched besides, in the order of `further_files`."""
    asked = placed.model.speculative
    if asked is not None and asked.model is not None:
        yield placed.situation.at("speculative")
    for name in placed.model.lora.adapters if placed.model.lora else ():
        yield within(placed.situation.at("lora.adapters"), name)


def _offload(placed: Placement) -> Iterator[Diagnostic]:
    since, facts = find(placed.model.engine).offload.windows_flag, placed.facts
    if placed.model.kv_offload is None or since is None or since in placed.image.flags or not facts.sliding_layers:
        return
    yield codes.offload_drops_windows(
        placed.situation.at("kvOffload"), model=facts.id, layers=facts.sliding_layers, window=facts.sliding_window
    )


def _whole_models(placed: Placement, catalog: Catalog) -> Iterator[Diagnostic]:
    """What the catalogue knows are models to serve, in the place of a part of one."""
    asked, lora = placed.model.speculative, placed.model.lora
    if asked is not None and asked.model is not None and catalog.find_model(asked.model) is not None:
        path = placed.situation.at("speculative.model")
        yield codes.whole_model_given(path, name=asked.model, wanted=tr("a draft for {method}", method=asked.method))
    for name, adapter in lora.adapters.items() if lora else ():
        if catalog.find_model(adapter.model) is not None:
            path = within(placed.situation.at("lora.adapters"), name)
            yield codes.whole_model_given(path, name=adapter.model, wanted=tr("an adapter"))


def _without_cache(placed: Placement) -> Iterator[Diagnostic]:
    if not placed.facts.encoder:
        return
    asked = placed.model.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for setting in CACHE_SETTINGS:
        given = asked.get(setting)
        if given not in (None, False, "auto"):
            shown = setting if isinstance(given, dict) else str(given).lower()
            yield codes.cache_setting_without_cache(
                placed.situation.at(setting), model=placed.facts.id, setting=setting, given=shown
            )


def _adapters(placed: Placement, settings: Settings) -> Iterator[Diagnostic]:
    lora, facts, engine = placed.model.lora, placed.facts, find(placed.model.engine)
    if lora is None or "lora" not in engine.tunes:
        return
    path, asked = placed.situation.at("lora"), placed.model.speculative
    beside = engine.speculation.with_adapters
    able = {flag.partition("=")[2] for flag in placed.image.flags if flag.startswith("enable-lora=")}
    if able and facts.architecture_class is not None and facts.architecture_class not in able:
        yield codes.adapters_not_for_model(path, model=facts.id, kind=facts.architecture_class, title=engine.title)
    if asked is not None and beside is not None and asked.method not in beside:
        yield codes.adapters_with_speculation(
            path,
            title=engine.title,
            method=asked.method,
            able=beside,
            speculative=placed.situation.at("speculative"),
        )
    taken = {model.served_name or name: f"models.{name}" for name, model in settings.models.items()}
    for name in lora.adapters:
        if name in taken:
            yield codes.adapter_name_taken(within(f"{path}.adapters", name), name=name, by=taken[name])
    if facts.widths.hidden is None:
        yield codes.adapters_not_counted(path, model=facts.id)


def _speculative(placed: Placement, catalog: Catalog) -> Iterator[Diagnostic]:
    asked, facts, engine = placed.model.speculative, placed.facts, find(placed.model.engine)
    if asked is None or "speculative" not in engine.tunes:
        return
    path = placed.situation.at("speculative")
    methods = engine.speculation.methods(placed.image.flags, placed.gpu.compute_capability if placed.gpu else None)
    if asked.method not in methods:
        yield codes.speculation_not_in_image(
            f"{path}.method", method=asked.method, title=engine.title, known=methods, path=path
        )
    elif facts.task != "chat":
        yield codes.speculation_without_text(path, model=facts.id)
    elif (
        asked.method == "mtp"
        and facts.mtp_layers
        and asked.tokens > facts.mtp_layers
        and asked.tokens % facts.mtp_layers
    ):
        near = asked.tokens // facts.mtp_layers * facts.mtp_layers
        yield codes.speculative_tokens_uneven(
            f"{path}.tokens", model=facts.id, layers=facts.mtp_layers, tokens=asked.tokens, near=near
        )
    elif asked.method == "mtp" and not facts.mtp_layers:
        unknown = facts.mtp_layers is None and (not facts.catalogued or facts.architecture_class in MTP_CLASSES)
        found = codes.no_prediction_layers(f"{path}.method", model=facts.id, sure=not unknown, path=path)
        yield softened(found) if unknown else found
    if asked.model is not None and draft_gib(placed.model, catalog) is None:
        yield codes.draft_size_unknown(f"{path}.model", draft=asked.model)


def _fetched(
    placed: Placement, plan: DownloadPlan, path: str, settings: Settings, catalog: Catalog
) -> Iterator[Diagnostic]:
    model = placed.model
    readable = find(model.engine).sources
    # The model's own source is refused with its download.
    if plan.source not in readable and plan.source != source_of(model):
        yield downloads_codes.source_not_for_engine(
            f"{path}.source", engine=model.engine, source=plan.source, readable=readable
        )
    mirrored = model.source == "huggingface" or model.download.endpoint is not None
    if plan.source == "huggingface" and not mirrored:
        yield from check_road(f"{path}.source", placed.situation.section, settings, catalog, elsewhere=False)
    if plan.revision is None:
        yield downloads_codes.revision_floating(f"{path}.revision")
