"""What stands against one server over several machines."""

from collections.abc import Collection, Iterator
from math import gcd

from planner.engines import spread_codes as codes
from planner.engines.registry import every, find
from planner.engines.spread import machines
from settings.diagnostics import Diagnostic


def check_spread(
    section: str,
    engine: str,
    flags: Collection[str],
    *,
    tensor_parallel: int,
    gpus: int,
    slots: int,
    rdma: bool,
    own_image: bool = False,
) -> Iterator[Diagnostic]:
    """What stands against a replica of `gpus` on machines with `slots` each; nothing for a replica of one machine.

    `section` is where the model is described, `flags` are those that the image's release knows; `own_image`: the stack
    file names the image.
    """
    if gpus <= slots:
        return
    nodes = machines(gpus, slots)
    span = find(engine).span
    if span is None:
        yield codes.multi_node_not_for_engine(
            f"{section}.engine",
            engine=engine,
            able=tuple(other.name for other in every() if other.span is not None),
            gpus=gpus,
            nodes=nodes,
            slots=slots,
            gpus_path=f"{section}.gpus",
        )
        return
    if span.flag is not None and span.flag not in flags:
        path = f"{section}.image" if own_image else f"{section}.gpus"
        yield codes.multi_node_not_in_image(
            path, engine=find(engine).title, flag=span.flag, own_image=own_image, slots=slots
        )
    if gpus // nodes < slots:
        yield codes.gpus_left_idle(f"{section}.gpus", gpus=gpus, nodes=nodes, slots=slots)
    if gpus // nodes % tensor_parallel and not rdma:
        inside = gcd(gpus // nodes, tensor_parallel)
        yield codes.layers_span_machines(
            f"{section}.tensorParallel",
            tensor_parallel=tensor_parallel,
            inside=inside,
            stages=gpus // inside,
            stages_path=f"{section}.pipelineParallel",
        )
