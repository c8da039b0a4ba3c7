"""What is wrong with a pool of nodes that exist already."""

from collections.abc import Iterator

from catalog.load import Catalog
from catalog.names import gpus_meant
from planner.pools import existing_codes as codes
from settings.diagnostics import Diagnostic
from settings.pools import Pool
from settings.stack import Settings


def check_existing(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with this pool of nodes that exist already."""
    yield from _facts(name, settings.pools[name], catalog)
    yield from _chosen(name, settings, catalog)


def _facts(name: str, pool: Pool, catalog: Catalog) -> Iterator[Diagnostic]:
    missing = [key for key, value in (("cpu", pool.cpu), ("memory", pool.memory)) if value is None]
    if pool.gpu is not None and not pool.gpus_per_node:
        missing.append("gpusPerNode")
    if pool.gpu is None and pool.gpus_per_node:
        missing.append("gpu")
    for key in missing:
        yield codes.pool_facts_missing(f"pools.{name}.{key}", pool=name, key=key)
    if pool.gpu is not None and pool.gpu not in catalog.gpus:
        meant = gpus_meant(pool.gpu, catalog.gpus)
        yield codes.unknown_gpu(f"pools.{name}.gpu", gpu=pool.gpu, meant=meant, known=catalog.gpus)


def _chosen(name: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """Whether pods for GPU nodes that exist find these and no others."""
    pool = settings.pools[name]
    if pool.gpu is None or pool.node_selector:
        return
    path = f"pools.{name}.nodeSelector"
    for other, at in settings.pools.items():
        gpu = at.gpu if at.kind == "existing" else _gpu_of(at, catalog)
        if gpu not in (None, pool.gpu):
            yield codes.gpu_nodes_not_told_apart(path, pool=name, gpu=pool.gpu, other=other, their_gpu=str(gpu))
            return
    yield codes.any_gpu_node(path, pool=name, gpu=pool.gpu)


def _gpu_of(pool: Pool, catalog: Catalog) -> str | None:
    machine = catalog.machines.get(pool.instance_type or "")
    return machine.gpu if machine else None
