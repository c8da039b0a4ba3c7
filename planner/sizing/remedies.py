"""What helps where a sizing has an error: the nearest change of the model's own settings, tried out."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from planner.engines.registry import find
from planner.model.facts import ModelFacts
from planner.sizing import codes, parallelism_codes
from planner.sizing.ask import Ask
from planner.sizing.check import SIZE_CODES, check_sizing
from planner.sizing.decide import Hardware, Sizing, plan_sizing
from planner.sizing.parallelism import legal_tensor_parallel
from settings.diagnostics import Diagnostic, Fix
from settings.translation import joined, tr

_FIELD = {
    "maxModelLen": "context",
    "gpus": "gpus",
    "tensorParallel": "tensor_parallel",
    "pipelineParallel": "pipeline_parallel",
    "dataParallel": "data_parallel",
    "expertParallel": "expert_parallel",
    "gpuMemoryUtilization": "utilization",
    "dtype": "dtype",
    "quantization": "quantization",
    "kvCacheDtype": "cache_dtype",
    "maxNumBatchedTokens": "batched_tokens",
}

_UNEVEN = (parallelism_codes.heads_not_divisible.name, parallelism_codes.width_not_divisible.name)


def with_remedies(
    section: str, facts: ModelFacts, hardware: Hardware, ask: Ask, found: list[Diagnostic]
) -> list[Diagnostic]:
    """What `check_sizing` found, each error and shortage with the nearest change of settings in `section` that undoes
    it and brings no other; without a fix where there is none."""
    faults = _faults(found)
    if not faults:
        return found
    trial = _Trial(section, facts, hardware, ask, frozenset(faults))
    return [trial.mended(each) if each.code in faults else each for each in found]


def _faults(found: list[Diagnostic]) -> set[str]:
    return {each.code for each in found if each.severity == "error" or each.code in SIZE_CODES}


@dataclass(frozen=True)
class _Trial:
    """A sizing with faults, and what is tried against them. `before` are the codes of them all."""

    section: str
    facts: ModelFacts
    hardware: Hardware
    ask: Ask
    before: frozenset[str]

    def mended(self, fault: Diagnostic) -> Diagnostic:
        """The error with the first change that helps."""
        return next(
            (replace(fault, remedy=remedy, fix=fix) for fix, remedy in self._ways(fault) if self._helps(fault, fix)),
            replace(fault, fix=()),
        )

    def _helps(self, fault: Diagnostic, fix: Fix) -> bool:
        _, found = self._sized(self._changed(fix))
        return _faults(found) <= self.before - {fault.code}

    def _sized(self, ask: Ask) -> tuple[Sizing, list[Diagnostic]]:
        sizing = plan_sizing(self.facts, self.hardware, ask)
        return sizing, check_sizing(self.section, self.facts, self.hardware, ask, sizing)

    def _at(self, setting: str) -> str:
        return f"{self.section}.{setting}"

    def _changed(self, fix: Fix) -> Ask:
        """What is asked once these settings of the model are changed; None takes one out."""
        unset: dict[str, object] = {"dtype": "auto"}
        settings = ((path.removeprefix(self._at("")), value) for path, value in fix)
        values = {_FIELD[setting]: value for setting, value in settings if setting in _FIELD}
        changed = {field: unset.get(field) if value is None else value for field, value in values.items()}
        return replace(self.ask, **changed)  # pyright: ignore[reportArgumentType]

    def _ways(self, fault: Diagnostic) -> Iterator[tuple[Fix, str]]:
        """Changes of the model's own settings that may undo an error, the nearest first."""
        if fault.code == codes.context_beyond_model.name:
            yield fault.fix, fault.remedy
            yield self._without(("maxModelLen",)), tr("Leave maxModelLen out.")
        elif fault.fix:
            yield fault.fix, fault.remedy
        asked = self.ask.tensor_parallel
        if fault.code in _UNEVEN and asked is not None:
            legal = legal_tensor_parallel(self.facts, self.hardware.slots * self.hardware.nodes, self.ask)
            for size in sorted(legal, key=lambda size: abs(size - asked)):
                yield (
                    ((self._at("tensorParallel"), size),),
                    tr("Set tensorParallel to {size}, or leave it out.", size=size),
                )
        elif fault.code in SIZE_CODES:
            yield from self._more_memory()

    def _more_memory(self) -> Iterator[tuple[Fix, str]]:
        """Changes that let the model take less memory, or more GPUs."""
        ask = self.ask
        fewer = [
            setting
            for setting in ("gpus", "tensorParallel", "pipelineParallel", "dataParallel")
            if getattr(ask, _FIELD[setting]) is not None
        ]
        others = {
            "maxModelLen": ask.context is not None,
            "gpuMemoryUtilization": _lowered(ask),
            "dtype": ask.dtype == "float32",
            "maxNumBatchedTokens": ask.batched_tokens is not None,
        }
        if others["maxNumBatchedTokens"]:
            yield self._without(("maxNumBatchedTokens",)), tr("Leave maxNumBatchedTokens out: a step then reads less.")
        if others["maxModelLen"]:
            free, found = self._sized(replace(ask, context=None))
            if free.computed and not _faults(found):
                yield (
                    ((self._at("maxModelLen"), free.context),),
                    tr("Set maxModelLen to {context}, which fits.", context=free.context),
                )
        if fewer:
            yield (
                self._without(fewer),
                tr(
                    "Leave {settings} out: the planner then takes as many GPUs as the model needs.",
                    settings=joined(fewer, " and "),
                ),
            )
        if others["gpuMemoryUtilization"]:
            yield (
                self._without(("gpuMemoryUtilization",)),
                tr("Leave gpuMemoryUtilization out: the engine then takes more."),
            )
        if others["dtype"]:
            yield self._without(("dtype",)), tr("Leave dtype out: 16 bits take half the memory.")
        everything = [*fewer, *(setting for setting, asked in others.items() if asked)]
        if len(everything) > 1:
            yield self._without(everything), tr("Leave {settings} out.", settings=joined(everything))

    def _without(self, settings: Iterable[str]) -> Fix:
        return tuple((self._at(setting), None) for setting in settings)


def _lowered(ask: Ask) -> bool:
    """Whether the engine is told to take less than it might."""
    if ask.utilization is None:
        return False
    return find(ask.engine).memory == "static" or ask.utilization < ask.default_utilization
