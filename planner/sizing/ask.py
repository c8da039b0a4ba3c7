"""What is asked of an engine, in numbers."""

from dataclasses import dataclass, replace

from planner.engines.registry import find
from planner.sizing.extras import NONE, Extras
from planner.sizing.split import Split


@dataclass(frozen=True)
class Ask:
    """What is asked of the engine; None leaves the choice to the planner.

    `utilization` is the share of GPU memory the engine takes, `default_utilization` what it takes unless told (a static
    share is planned instead). `longest` bounds a context that is computed, and is the longest known to work.
    `cache_dtype` is the type of the cache's numbers as the stack file has it, `cache_argument` as an argument of the
    user's sets it, which wins; `flags` is what the image's release knows. At most `sequences` requests are answered at
    a time, in steps of at most `batched_tokens`. `longer_allowed`: the engine was told to go beyond the model's own
    longest context, `no_images`: not to try the largest image, `backend_chosen`: how to compute attention.
    `expert_parallel` None: where only that goes.

    `extras` are kept of each GPU beside the model.
    """

    engine: str
    utilization: float | None
    default_utilization: float
    context: int | None = None
    gpus: int | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    data_parallel: int | None = None
    expert_parallel: bool | None = None
    dtype: str = "auto"
    quantization: str | None = None
    cache_dtype: str | None = None
    cache_argument: str | None = None
    flags: frozenset[str] = frozenset()
    extras: Extras = NONE
    sequences: int | None = None
    batched_tokens: int | None = None
    longer_allowed: bool = False
    longest: int | None = None
    no_images: bool = False
    backend_chosen: bool = False

    @property
    def kv_bytes(self) -> float | None:
        """Bytes of a cached number; None: as many as the computation's."""
        asked = self.cache_argument or self.cache_dtype or "auto"
        return find(self.engine).cache.types.get(asked, 1.0 if asked.startswith("fp8") else None)

    @property
    def share(self) -> float:
        """The share that is asked for, or the engine's own."""
        return self.utilization or self.default_utilization

    def unpinned(self) -> "Ask":
        """The same, with the split left to the planner."""
        return replace(self, gpus=None, tensor_parallel=None, pipeline_parallel=None, data_parallel=None)

    def pinned(self, split: Split) -> "Ask":
        """The same, on no other GPUs than those of a split."""
        return replace(
            self,
            gpus=None,
            tensor_parallel=split.tensor,
            pipeline_parallel=split.pipeline,
            data_parallel=split.data if split.data > 1 else None,
        )

    @property
    def split_asked(self) -> bool:
        """Whether the stack file says how the model is to be split."""
        return (self.gpus, self.tensor_parallel, self.pipeline_parallel, self.data_parallel) != (None,) * 4
