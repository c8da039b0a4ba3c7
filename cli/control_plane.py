"""`--control-plane`: the rehearsal goes on under the real engine, on a real Kubernetes control plane."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
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
from cli.stackfile import program, stack_file
from cli.text import complain
from planner.report.document import document
from rehearsal.control_plane.api import UNREACHABLE
from rehearsal.control_plane.binaries import Binaries, MissingBinariesError, require
from rehearsal.control_plane.plane import Access, ControlPlane, ControlPlaneError
from rehearsal.pulumi_engine.cycle import Proved
from rehearsal.pulumi_engine.faults import Fault
from rehearsal.pulumi_engine.infrastructure import controlled_by
from rehearsal.pulumi_engine.on_plane import OnPlane, run_on_plane
from rehearsal.pulumi_engine.session import EngineSession, WorkerError
from settings.file import read


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
    proved, _ = prove_stack(first)
    if proved is None:
        return rehearse_plainly(stack, wanted, as_json=as_json, out=out)
    try:
        programs = require(_targets(each for each in (proved, second) if each is not None))
        session = EngineSession(first, program(stack_file(stack)), programs["pulumi"].resolve())
        with _Beside(programs, session, proved, second, faults) as extra:
            return rehearse_plainly(stack, wanted, as_json=as_json, out=out, extra_rehearsal=extra.report)
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


class _Beside:
    """A control plane, and the engine on it, which run while the plain rehearsal does."""

    def __init__(
        self,
        binaries: Binaries,
        session: EngineSession,
        stack: Proved,
        then: Proved | None,
        faults: Sequence[Fault],
    ) -> None:
        self._name = stack.given.stack
        self._plane = ControlPlane(binaries)
        self._session = session
        self._run = partial(run_on_plane, session, stack, self._access, load_catalog(), then=then, faults=faults)

    def __enter__(self) -> Self:
        self._threads = ThreadPoolExecutor(2)
        self._begun = monotonic()
        self._started = self._threads.submit(self._start)
        self._found = self._threads.submit(self._run)
        return self

    def __exit__(self, *_: object) -> None:
        # Of use only where the plain rehearsal has failed meanwhile.
        self._session.kill()
        self._threads.shutdown()
        if self._started.exception() is None:
            self._plane.__exit__()

    def _start(self) -> tuple[Access, float]:
        return self._plane.__enter__(), monotonic() - self._begun

    def _access(self) -> Access:
        return self._started.result()[0]

    def report(self) -> ExtraReport:
        """Wait for what is found. Raises `WorkerError`, `ControlPlaneError`."""
        try:
            with working(tr("Running {stack} on a control plane", stack=self._name), f"control-plane {self._name}"):
                found = self._found.result()
        except UNREACHABLE as error:
            self._plane.check()
            raise ControlPlaneError(
                tr("The API server does not answer any more: {error}", error=error_text(error))
            ) from error
        _, taken = self._started.result()
        return ExtraReport(found.ready, on_control_plane(found, taken), "controlPlane", _document(found, taken))


def _document(found: OnPlane, taken: float) -> dict[str, object]:
    whole = document(replace(found, steps=()))
    assert isinstance(whole, dict)  # noqa: S101  it is that of a dataclass
    return {**whole, "start": round(taken, 2), "steps": document_of_steps(found.steps)}
