"""How one replica is cut over its GPUs."""

from dataclasses import dataclass

from settings.translation import joined, tr


@dataclass(frozen=True)
class Split:
    """Each layer over `tensor` GPUs, the layers over `pipeline` stages, and requests over `data` ranks, each of which
    has attention (and its cache) to itself and shares the experts of every layer with the others.

    `by_expert`: the experts are dealt out whole over the GPUs of a stage, else each of them is cut over those.
    `gathered`: what is neither attention nor experts is cut over all GPUs of a stage too, whose requests are gathered
    for it; else over those of one rank.
    """

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    by_expert: bool = False
    gathered: bool = False

    @property
    def gpus(self) -> int:
        """GPUs of one replica."""
        return self.stage * self.pipeline

    @property
    def stage(self) -> int:
        """GPUs of one pipeline stage."""
        return self.tensor * self.data

    @property
    def dense(self) -> int:
        """GPUs that a layer without experts is cut over."""
        return self.stage if self.gathered else self.tensor

    def __str__(self) -> str:
        parts = [f"{self.tensor} x {self.pipeline}"]
        parts += [tr("data parallel {data}", data=self.data)] if self.data > 1 else []
        parts += [tr("expert parallel")] if self.by_expert else []
        return joined(parts)
