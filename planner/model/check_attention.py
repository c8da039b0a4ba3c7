"""Which kinds of attention an engine has no kernels for on a GPU."""

from collections.abc import Iterator

from catalog.hardware import Gpu
from planner.model import attention_codes as codes
from planner.model.facts import ModelFacts
from settings.diagnostics import Diagnostic
from settings.translation import tr


def check_attention(section: str, facts: ModelFacts, gpu: Gpu, engine: str) -> Iterator[Diagnostic]:
    """What stands against the attention of the model described in `section`."""
    for kind in facts.attention:
        for floor in kind.floors:
            if floor.engine == engine and gpu.compute_capability < floor.min_compute:
                yield codes.attention_unsupported(
                    f"{section}.model",
                    model=facts.id,
                    what=tr(kind.what),
                    engine=engine,
                    gpu=gpu.name,
                    capability=gpu.compute_capability,
                    least=floor.min_compute,
                    verified=floor.verified and kind.verified,
                )
