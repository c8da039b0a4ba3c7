"""How one replica is cut over its GPUs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Split:
    """Each layer over `tensor` GPUs, the layers over `pipeline` stages, and requests over `data` ranks, each of which
    has attention (and its cache) to itself and shares the experts of every layer with the others.

    `by_expert`: the experts are dealt out whole over the GPUs of a stage, else each of them is cut over those.
    """

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    by_expert: bool = False

    @property
    def gpus(self) -> int:
        """GPUs of one replica."""
        return self.stage * self.pipeline

    @property
    def stage(self) -> int:
        """GPUs of one pipeline stage."""
        return self.tensor * self.data
