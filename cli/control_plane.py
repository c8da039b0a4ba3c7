"""`--control-plane`: the rehearsal goes on under the real engine, on a real Kubernetes control plane."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Self

from catalog.load import load as load_catalog
from cli.control_plane_text import on_control_plane
from cli.engine import document_of_steps, prove_stack
from cli.language import error_text, tr
from cli.progress import working
from cli.refusal import refuse
from cli.rehearse import ExtraReport, Wanted
from cli.rehearse import rehearse as rehearse_plainly
from cli.report import dump
from cli.stackfile import stack_file
from cli.text import complain
from planner.report.document import document
from rehearsal.control_plane.api import UNREACHABLE
from rehearsal.control_plane.binaries import Binaries, MissingBinariesError, require
from rehearsal.control_plane.plane import Access, ControlPlane, ControlPlaneError
from rehearsal.pulumi_engine.cycle import Proved
from rehearsal.pulumi_engine.faults import Fault
from rehearsal.pulumi_engine.infrastructure import controlled_by
from rehearsal.pulumi_engine.on_plane import OnPlane, run_on_plane
from rehearsal.pulumi_engine.session import WorkerError
from rehearsal.story import Story
from settings.file import read
from settings.parse import StackInput


def rehearse(
    stack: str, wanted: Wanted, *, as_json: bool, out: Path | None, then: str | None, faults: Sequence[Fault]
) -> int:
    """As the plain rehearsal, and 1 too where control plane or engine do not start or something is not ready there."""
    second, first = None, read(stack_file(stack))
    if then is not None:
        # The stack of the second file, under the first one's name.
        following = replace(read(stack_file(then)), project=first.project, stack=first.stack)
        second, diagnostics = prove_stack(following)
        if second is None:
            refuse(then, diagnostics, as_json=as_json)
            return 1
    try:
        proved, _ = prove_stack(first)
        programs = require(_targets(each for each in (proved, second) if each is not None))
        with _Starting(Binaries.among(programs)) as plane:
            extra = _Extra(plane, programs["pulumi"].resolve(), second, faults)
            return rehearse_plainly(stack, wanted, as_json=as_json, out=out, extra_rehearsal=extra)
    except (MissingBinariesError, ControlPlaneError, WorkerError) as error:
        if as_json:
            dump({"stack": stack, "ready": False, "failure": error_text(error)})
        else:
            complain(error_text(error))
    return 1


def _targets(stacks: Iterable[Proved]) -> list[str]:
    """What has to be built for these stacks: the controllers only where they look after objects of one of them."""
    controlled = any(controlled_by(each.plan) for each in stacks)
    return ["control-plane", "engine", *(["controllers"] if controlled else [])]


class _Starting:
    """A control plane that starts while the plain rehearsal runs."""

    def __init__(self, binaries: Binaries) -> None:
        self._plane = ControlPlane(binaries)

    def __enter__(self) -> Self:
        self._threads = ThreadPoolExecutor(1)
        self._begun = monotonic()
        self._access = self._threads.submit(self._start)
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown()
        if self._access.exception() is None:
            self._plane.__exit__()

    def _start(self) -> tuple[Access, float]:
        return self._plane.__enter__(), monotonic() - self._begun

    def wait(self) -> tuple[Access, float]:
        """Access to it, and the seconds that it took to start. Raises `ControlPlaneError` where it did not."""
        return self._access.result()

    def check(self) -> None:
        """Raises `ControlPlaneError` where a process has ended since."""
        self._plane.check()


@dataclass(frozen=True)
class _Extra:
    """What comes after the plain rehearsal."""

    plane: _Starting
    pulumi: Path
    then: Proved | None
    faults: Sequence[Fault]

    def __call__(self, given: StackInput, program: Path, story: Story) -> ExtraReport:
        """Raises `WorkerError`, `ControlPlaneError`."""
        access, taken = self.plane.wait()
        stack = Proved(given, story.plan)
        try:
            with working(tr("Running {stack} on a control plane", stack=given.stack), f"control-plane {given.stack}"):
                found = run_on_plane(
                    stack, program, self.pulumi, access, load_catalog(), then=self.then, faults=self.faults
                )
        except UNREACHABLE as error:
            self.plane.check()
            raise ControlPlaneError(
                tr("The API server does not answer any more: {error}", error=error_text(error))
            ) from error
        return ExtraReport(found.ready, on_control_plane(found, taken), "controlPlane", _document(found, taken))


def _document(found: OnPlane, taken: float) -> dict[str, object]:
    whole = document(replace(found, steps=()))
    assert isinstance(whole, dict)  # noqa: S101  it is that of a dataclass
    return {**whole, "start": round(taken, 2), "steps": document_of_steps(found.steps)}
