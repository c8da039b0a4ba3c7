"""What stands against parallel sizes that the user's own arguments set, which win over those that were planned."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from planner.engines.arguments import Argument, read, without
from planner.engines.registry import find
from planner.serving import extra_split_codes as codes
from planner.serving.placement import Placement, hardware_of
from planner.sizing.ask import Ask
from planner.sizing.check import check_sizing
from planner.sizing.decide import plan_sizing
from planner.sizing.split import Split
from settings.diagnostics import Diagnostic, Fix, blocking
from settings.translation import tr

SIZES = ("tensorParallel", "pipelineParallel", "dataParallel")
_DIGITS = 4
"""Of a size that is taken for one; more are no number of GPUs."""


def check_extra_split(placed: Placement) -> Iterator[Diagnostic]:
    """Arguments by which the server would want more GPUs than its pod has, or would not start on those."""
    given = _Given.of(placed)
    if given is None:
        return
    split, why = given.split, None
    if split.gpus > placed.gpus:
        why = tr("the server would want {wanted} GPUs, and its pods have {gpus}", wanted=split.gpus, gpus=placed.gpus)
    elif split.gpus < placed.gpus:
        found = [each for each in given.against(given.ask) if each.severity == "error"]
        why = (
            tr(
                "the server would start on {used} of {gpus} GPUs: {message}",
                used=split.gpus,
                gpus=placed.gpus,
                message=found[0].message,
            )
            if found
            else None
        )
    if why is not None:
        yield codes.extra_args_split(
            placed.situation.at("extraArgs"), given=given.text, why=why, typed=bool(given.typed), fix=given.fix
        )


@dataclass(frozen=True)
class _Given:
    """What the user's own arguments say of the split: `sizes` by their settings, as in `arguments`."""

    placed: Placement
    arguments: tuple[Argument, ...]
    sizes: dict[str, int]

    @classmethod
    def of(cls, placed: Placement) -> "_Given | None":
        """None where they say nothing of it, or nothing that can be read."""
        release, line = placed.image.release, find(placed.model.engine).command_line
        if release is None or placed.gpu is None or line is None:
            return None
        read_ = {argument.flag: argument for argument in read(placed.model.extra_args, release)}
        named = {line.typed.get(flag): argument for flag, argument in read_.items() if argument.fault is None}
        sizes = {
            setting: int(named[setting].value)
            for setting in SIZES
            if setting in named and named[setting].value.isdigit() and len(named[setting].value) <= _DIGITS
        }
        arguments = tuple(named[setting] for setting in sizes)
        return cls(placed, arguments, sizes) if all(sizes.values()) and sizes else None

    @property
    def text(self) -> str:
        return " ".join(argument.text for argument in self.arguments)

    @property
    def split(self) -> Split:
        """The split that the server takes them for. SGLang's data-parallel ranks are parts of its tensor-parallel group
        only where it is told to give each its own attention; else each is a server of its own on further GPUs."""
        planned, engine = self.placed.sizing.layout.split, find(self.placed.model.engine)
        data = self.sizes.get("dataParallel", planned.data)
        tensor = self.sizes.get("tensorParallel")
        if engine.experts.gathers and planned.gathered and tensor is not None:
            tensor = max(1, tensor // data)
        return replace(
            planned,
            tensor=tensor or planned.tensor,
            pipeline=self.sizes.get("pipelineParallel", planned.pipeline),
            data=data,
        )

    @property
    def ask(self) -> Ask:
        """What is asked for by them, as settings would."""
        return self.placed.situation.ask.pinned(self.split)

    def against(self, ask: Ask) -> list[Diagnostic]:
        case, hardware = self.placed.situation, hardware_of(self.placed.situation)
        assert hardware is not None  # noqa: S101  a server with GPUs
        sizing = plan_sizing(case.facts, hardware, ask)
        return check_sizing(case.section, case.facts, hardware, ask, sizing)

    @property
    def typed(self) -> Fix:
        """The settings that say the same, where the model starts with them; empty where it does not."""
        case = self.placed.situation
        if blocking(self.against(self.ask)):
            return ()
        freed: Fix = ((case.at("gpus"), None),) if case.ask.gpus is not None else ()
        return (*((case.at(setting), size) for setting, size in self.sizes.items()), *freed)

    @property
    def fix(self) -> Fix:
        """The settings instead, or no such arguments at all."""
        return (*self.typed, ("", without(self.placed.model.extra_args, *self.arguments)))
