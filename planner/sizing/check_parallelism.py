"""What is wrong with the parallelism that the stack file asks for."""

from collections.abc import Iterator

from planner.engines.registry import find
from planner.model.facts import ModelFacts
from planner.sizing import codes
from planner.sizing.ask import Ask
from planner.sizing.parallelism import beyond, legal_tensor_parallel
from settings.diagnostics import Diagnostic


def check_parallelism(section: str, facts: ModelFacts, slots: int, nodes: int, ask: Ask) -> Iterator[Diagnostic]:
    """What stands against the GPUs, tensor and pipeline parallel sizes that are asked for in `section`.

    A machine has `slots` GPUs, and a replica may take up to `nodes` machines.
    """
    slots = max(slots, 1)
    if not find(ask.engine).tensor_parallel:
        if ask.gpus is not None and beyond(ask.gpus, slots, nodes):
            yield _exceeds(section, ask.gpus, slots, nodes, setting="gpus", nearest=slots)
        return
    legal = legal_tensor_parallel(facts, slots * nodes)
    inside = [size for size in legal if size <= slots]
    tp, pp, gpus = ask.tensor_parallel, ask.pipeline_parallel, ask.gpus
    too_wide = tp is not None and beyond(tp, slots, nodes)
    if tp is not None and too_wide:
        yield _exceeds(section, tp, slots, nodes, setting="tensorParallel", nearest=max(inside))
    elif tp is not None:
        yield from _heads(f"{section}.tensorParallel", facts, tp, legal)
    product = (tp or 1) * (pp or 1)
    if gpus is not None and (gpus % product or (tp is not None and pp is not None and gpus != product)):
        yield codes.parallelism_mismatch(
            f"{section}.gpus", gpus=gpus, tensor_parallel=tp or 1, pipeline_parallel=pp or 1
        )
    elif gpus is not None and beyond(gpus, slots, nodes) and not too_wide:
        most = max(size for size in inside if not size & (size - 1))
        yield _exceeds(section, gpus, slots, nodes, setting="gpus", nearest=most * nodes)
    elif gpus is None and pp is not None and beyond(product, slots, nodes) and not too_wide:
        nearest = max(1, slots * nodes // (tp or 1))
        yield _exceeds(section, product, slots, nodes, setting="pipelineParallel", nearest=nearest)
    if pp is not None and pp > facts.layers:
        yield codes.too_many_stages(f"{section}.pipelineParallel", model=facts.id, layers=facts.layers, stages=pp)


def _heads(path: str, facts: ModelFacts, asked: int, legal: tuple[int, ...]) -> Iterator[Diagnostic]:
    if asked not in legal:
        yield codes.heads_not_divisible(
            path,
            model=facts.id,
            heads=facts.heads,
            kv_heads=facts.kv_heads,
            asked=asked,
            nearest=max(size for size in legal if size < asked),
            legal=legal,
        )
    elif asked & (asked - 1):
        usual = tuple(size for size in legal if not size & (size - 1))
        yield codes.tensor_parallel_unusual(path, model=facts.id, asked=asked, usual=usual)


def _exceeds(section: str, asked: int, slots: int, nodes: int, *, setting: str, nearest: int) -> Diagnostic:
    return codes.gpus_exceed_node(
        f"{section}.{setting}", asked=asked, slots=slots, nodes=nodes, setting=setting, nearest=nearest
    )
