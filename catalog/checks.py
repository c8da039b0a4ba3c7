"""What must hold between the facts of one entry, and between an entry and the tables it refers to.

Each function yields the faults it finds, in words that complete "catalog/data/<file>: <entry>: ".
"""

import re
from collections.abc import Collection, Iterator

from catalog.cloud import Region
from catalog.hardware import Machine, SuperGpu
from catalog.images import Image, KnownTags
from catalog.models import CatalogModel, LibraryFamily, ModelArchitecture, ModelArgument


def registry_of(repository: str) -> str:
    """The registry's host of an image's repository; Docker Hub where none is named."""
    host, slash, _ = repository.partition("/")
    return host if slash and ("." in host or ":" in host or host == "localhost") else "docker.io"


def machine_faults(machine: Machine, gpus: Collection[str], regions: Collection[str]) -> Iterator[str]:
    if machine.gpu is not None and machine.gpu not in gpus:
        yield f"gpu: {machine.gpu} is not in gpus.yaml"
    if (machine.gpu is None) != (machine.gpus == 0):
        yield "gpu and gpus: both must be given, or neither"
    if machine.gpus < 0 or (machine.gpus > 1 and machine.gpus % 1):
        yield f"gpus: {machine.gpus} is neither a share of one GPU nor a number of GPUs"
    if machine.family != machine.name.partition(".")[0]:
        yield f"family: {machine.family} is not the first part of the name"
    in_name = re.search(r"\d+$", machine.name)
    if in_name and int(in_name[0]) != machine.memory_gib:
        yield f"memory_gib: {machine.memory_gib} differs from the name's {in_name[0]}"
    yield from (f"regions: {region} is not in regions.yaml" for region in machine.regions if region not in regions)


def super_gpu_faults(super_gpu: SuperGpu, gpus: Collection[str]) -> Iterator[str]:
    if super_gpu.gpu not in gpus:
        yield f"gpu: {super_gpu.gpu} is not in gpus.yaml"
    if not super_gpu.specs:
        yield "specs: no row"
    for spec in super_gpu.specs:
        least, most = spec.memory_gib
        if least > most:
            yield f"specs: {least} to {most} GiB for {spec.gpus} GPUs is no range"
        if list(spec.vcpu) != sorted(set(spec.vcpu)) or not spec.vcpu:
            yield f"specs: vcpu of {spec.gpus} GPUs must rise"


def model_faults(model: CatalogModel) -> Iterator[str]:
    own = model.weights.get(model.format)
    if own is None:
        yield f"weights: no {model.format}, which is the model's format"
    elif own.huggingface not in (None, model.id):
        yield f"weights.{model.format}: huggingface is {own.huggingface}, not the model itself"
    for format_, weights in model.weights.items():
        if not weights.repositories:
            yield f"weights.{format_}: no repository"
        if format_ != "gguf" and weights.ollama is not None:
            yield f"weights.{format_}: Ollama's ids belong to gguf"
        if format_ == "gguf" and (weights.huggingface or weights.modelscope) and not weights.include:
            yield "weights.gguf: a repository holds many sizes; include names one"
    if model.kind != "chat" and (model.tool_parser or model.reasoning_parser):
        yield f"kind: a model for {model.kind} has no parser of answers"


def argument_faults(argument: ModelArgument) -> Iterator[str]:
    flag, *values = argument.argument
    if not flag.startswith("--") or any(value.startswith("-") for value in values):
        yield f"argument: {' '.join(argument.argument)} is no flag with its value"


def shape_faults(shape: ModelArchitecture) -> Iterator[str]:
    if shape.heads % shape.kv_heads:
        yield f"{shape.heads} heads are no multiple of {shape.kv_heads} KV heads"
    if (shape.kv_lora_rank is None) != (shape.qk_rope_head_dim is None):
        yield "kv_lora_rank and qk_rope_head_dim go together"
    if (shape.kv_layers or shape.layers) + shape.sliding_layers > shape.layers:
        yield f"more layers with a cache than the {shape.layers} there are"
    if shape.sliding_layers and not shape.sliding_window:
        yield "sliding_layers without sliding_window"
    if shape.experts is None and (shape.active_experts or shape.moe_intermediate_size or shape.dense_layers):
        yield "active_experts, moe_intermediate_size and dense_layers belong to a model with experts"
    if shape.dense_layers >= shape.layers:
        yield f"{shape.dense_layers} dense layers of {shape.layers}"


def image_faults(image: Image, registries: Collection[str]) -> Iterator[str]:
    registry = registry_of(image.repository)
    if registry not in registries:
        yield f"registry {registry} is not in mirrors.yaml"
    if image.tag in ("", "latest", "main"):
        yield "the tag is not pinned"
    suffixes = [variant.suffix for variant in image.variants]
    if len(set(suffixes)) != len(suffixes):
        yield "variants: a suffix stands twice"
    if (image.engine is not None) != (image.role == "engine"):
        yield "role and engine: an engine's image has the role engine, and names it"
    if image.engine is not None and not image.variants:
        yield "variants: none, so that neither driver nor compute capability can be checked"


def library_faults(family: LibraryFamily, models: Collection[str]) -> Iterator[str]:
    yield from (f"tags: {row.model} is not in models/" for row in family.tags.values() if row.model not in models)


def tag_faults(known: KnownTags, pinned: Collection[str]) -> Iterator[str]:
    tags = [tag for line in known.lines for tag in line.tags]
    yield from (f"lines: {tag} stands twice" for tag in sorted(set(tags)) if tags.count(tag) > 1)
    yield from (f"lines: {tag} is pinned in images.yaml" for tag in tags if f"{known.repository}:{tag}" in pinned)
    likes = (line.like for line in known.lines if line.like is not None)
    yield from (f"lines: {like} is not in images.yaml" for like in likes if f"{known.repository}:{like}" not in pinned)


def region_faults(region: Region) -> Iterator[str]:
    for zone in region.zones:
        if not re.fullmatch(rf"{re.escape(region.name)}-\d+", zone):
            yield f"zones: {zone} is not of this region"
