"""What is asked of an engine, in numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Ask:
    """What is asked of the engine; None leaves the choice to the planner.

    `utilization` is the share of GPU memory the engine takes, `default_utilization` what it takes unless told (a
    static share is planned instead). `longest` bounds a context that is computed, and is the longest known to work.
    `kv_bytes` is the size of a cached number where it is not the computation's. `longer_allowed`: the engine was told
    to go beyond the model's own longest context.
    """

    engine: str
    utilization: float | None
    default_utilization: float
    context: int | None = None
    gpus: int | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    dtype: str = "auto"
    quantization: str | None = None
    kv_bytes: float | None = None
    longer_allowed: bool = False
    longest: int | None = None

    @property
    def share(self) -> float:
        """The share that is asked for, or the engine's own."""
        return self.utilization or self.default_utilization
