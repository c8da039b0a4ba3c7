"""What is wrong with the parallelism that the stack file asks for."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from planner.engines import tuning_codes
from planner.engines.registry import every, find
from planner.model.facts import ModelFacts
from planner.sizing import parallelism_codes as codes
from planner.sizing.ask import Ask
from planner.sizing.parallelism import beyond, cut, divides, legal_tensor_parallel, splits
from planner.sizing.split import Split
from planner.sizing.widths import doubtful, experts_dealt, heads_divide, uneven
from settings.diagnostics import Diagnostic, Fix, blocking
from settings.translation import tr


def check_parallelism(section: str, facts: ModelFacts, slots: int, nodes: int, ask: Ask) -> Iterator[Diagnostic]:
    """What stands against the GPUs and the parallel sizes that are asked for in `section`.

    A machine has `slots` GPUs, and a replica may take up to `nodes` machines.
    """
    asked = _Asked(section, facts, max(slots, 1), nodes, ask)
    about_experts = [*asked.about_experts()]
    yield from about_experts
    if blocking(about_experts):
        return
    if find(ask.engine).tensor_parallel:
        yield from asked.about_tensor_parallel()
        yield from asked.about_gpus()
    elif ask.gpus is not None and asked.beyond(ask.gpus):
        yield asked.exceeds("gpus", ask.gpus, nearest=asked.slots)


@dataclass(frozen=True)
class _Asked:
    """What is asked of machines with so many GPUs each."""

    section: str
    facts: ModelFacts
    slots: int
    nodes: int
    ask: Ask

    def beyond(self, gpus: int) -> bool:
        return beyond(gpus, self.slots, self.nodes)

    def exceeds(self, setting: str, asked: int, *, nearest: int) -> Diagnostic:
        return codes.gpus_exceed_node(
            self._at(setting), asked=asked, slots=self.slots, nodes=self.nodes, setting=setting, nearest=nearest
        )

    def about_experts(self) -> Iterator[Diagnostic]:
        """Expert and data parallelism that the engine, its release or the model has not."""
        engine = find(self.ask.engine)
        if self.ask.expert_parallel:
            yield from self._sharing("expertParallel", "true", engine.experts.flag)
        if self._data > 1:
            yield from self._sharing("dataParallel", str(self._data), engine.experts.data_flag)

    def about_tensor_parallel(self) -> Iterator[Diagnostic]:
        """A split that is asked for, in whole or in part."""
        tensor = self.ask.tensor_parallel
        if tensor is not None and self.beyond(tensor):
            yield self.exceeds("tensorParallel", tensor, nearest=max(self._inside))
        elif tensor is not None or self._data > 1 or self.ask.expert_parallel:
            yield from self._cut(cut(self.facts, self.ask, tensor or max(self._inside)))

    def about_gpus(self) -> Iterator[Diagnostic]:
        """The number of GPUs that it comes to, and the machines that these take."""
        ask, gpus = self.ask, self.ask.gpus
        tp, pp, data = ask.tensor_parallel, ask.pipeline_parallel, self._data
        product = (tp or 1) * (pp or 1) * data
        too_wide = tp is not None and self.beyond(tp)
        if gpus is not None and (gpus % product or (tp is not None and pp is not None and gpus != product)):
            yield codes.parallelism_mismatch(
                self._at("gpus"), gpus=gpus, tensor_parallel=tp or 1, pipeline_parallel=pp or 1, data_parallel=data
            )
        elif self.beyond(gpus or product) and not too_wide:
            yield self._too_many(gpus, product)
        elif data > 1 and (gpus or product) > self.slots:
            yield codes.data_parallel_spans_machines(
                self._at("dataParallel"), ranks=data, gpus=gpus or product, slots=self.slots
            )
        yield from self._about_stages()

    def _about_stages(self) -> Iterator[Diagnostic]:
        pp, facts = self.ask.pipeline_parallel, self.facts
        if self.ask.engine in facts.unstaged:
            split = splits(facts, self.slots, self.nodes, self.ask)[-1]
            if split.pipeline > 1:
                setting = "pipelineParallel" if pp is not None else "gpus"
                title = find(self.ask.engine).title
                yield codes.no_stages(self._at(setting), model=facts.id, title=title, stages=split.pipeline)
        elif pp is not None and pp > facts.layers:
            yield codes.too_many_stages(
                self._at("pipelineParallel"), model=self.facts.id, layers=self.facts.layers, stages=pp
            )

    @property
    def _data(self) -> int:
        return self.ask.data_parallel or 1

    @property
    def _legal(self) -> tuple[int, ...]:
        return legal_tensor_parallel(self.facts, self.slots * self.nodes, self.ask)

    @property
    def _inside(self) -> list[int]:
        """The legal sizes within one machine, beside the ranks that are asked for."""
        return [size for size in self._legal if size * self._data <= self.slots] or [1]

    def _at(self, setting: str) -> str:
        return f"{self.section}.{setting}"

    def _too_many(self, gpus: int | None, product: int) -> Diagnostic:
        if gpus is not None:
            most = max(size for size in self._inside if not size & (size - 1))
            return self.exceeds("gpus", gpus, nearest=most * self.nodes)
        stages = self.ask.pipeline_parallel
        setting, size = ("dataParallel", self._data) if stages is None else ("pipelineParallel", stages)
        return self.exceeds(setting, product, nearest=max(1, self.slots * self.nodes // (product // size)))

    def _sharing(self, setting: str, given: str, flag: str | None) -> Iterator[Diagnostic]:
        path, title = self._at(setting), find(self.ask.engine).title
        if flag is None:
            others = [engine.title for engine in every() if engine.experts.flag is not None]
            yield tuning_codes.setting_not_for_engine(path, setting=setting, title=title, others=others)
        elif flag not in self.ask.flags:
            release = tr("The image's release of {title}", title=title)
            yield tuning_codes.setting_not_in_image(
                path, setting=setting, flag=flag, release=release, first=None, image_path=None
            )
        elif self.facts.widths.experts is None:
            known = self.facts.catalogued
            yield codes.no_experts(path, model=self.facts.id, setting=setting, given=given, known=known)

    def _cut(self, split: Split) -> Iterator[Diagnostic]:
        facts, asked = self.facts, split.tensor
        if not heads_divide(facts, asked):
            yield codes.heads_not_divisible(
                self._at("tensorParallel"),
                model=facts.id,
                heads=facts.heads,
                kv_heads=facts.kv_heads,
                asked=asked,
                nearest=self._narrower(asked),
                legal=self._legal,
            )
        elif uneven(facts, split) is not None:
            yield self._uneven(split)
        elif not experts_dealt(facts, split, evenly=find(self.ask.engine).experts.evenly):
            yield codes.experts_not_divisible(
                self._at("expertParallel"), model=facts.id, experts=facts.widths.experts or 0, gpus=split.stage
            )
        elif facts.widths.vocabulary is None and self.ask.tensor_parallel is not None and asked & (asked - 1):
            usual = tuple(size for size in self._legal if not size & (size - 1))
            yield codes.tensor_parallel_unusual(self._at("tensorParallel"), model=facts.id, asked=asked, usual=usual)

    def _narrower(self, asked: int) -> int:
        return max((size for size in self._legal if size < asked), default=1)

    def _uneven(self, split: Split) -> Diagnostic:
        tensor = self.ask.tensor_parallel
        setting = "dataParallel" if tensor is None else "tensorParallel"
        dealt = replace(split, by_expert=True)
        fix: Fix = ((self._at(setting), self._narrower(tensor) if tensor else None),)
        if not split.by_expert and find(self.ask.engine).experts.flag in self.ask.flags:
            fix = ((self._at("expertParallel"), True),) if divides(self.facts, self.ask, dealt) else fix
        return codes.width_not_divisible(
            self._at(setting),
            model=self.facts.id,
            format_=self.facts.format,
            what=str(uneven(self.facts, split)),
            given=str(tensor or self._data),
            fix=fix,
            legal=self._legal,
            doubtful=doubtful(self.facts, split),
        )
