"""`--control-plane`: the rehearsal goes on, on a real Kubernetes control plane."""

import http.client
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Self

from catalog.load import load as load_catalog
from cli.control_plane_text import Rehearsed, on_control_plane
from cli.refusal import refuse
from cli.rehearse import ExtraReport
from cli.rehearse import rehearse as rehearse_plainly
from cli.report import dump
from cli.stackfile import stack_file
from cli.text import complain
from planner.report.document import document
from rehearsal.cluster.recorded import Recorded
from rehearsal.cluster.session import rehearse as rehearse_in
from rehearsal.control_plane.binaries import MissingBinariesError, find
from rehearsal.control_plane.plane import Access, ControlPlane, ControlPlaneError
from rehearsal.run import rehearse as run_program
from rehearsal.story import Story
from settings.diagnostics import Diagnostic
from settings.file import read
from settings.parse import StackInput


class RefusedStackError(Exception):
    """The second stack has errors."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__("the second stack is not ready")
        self.diagnostics = tuple(diagnostics)


def rehearse(stack: str, *, as_json: bool, out: Path | None, then: str | None) -> int:
    """As the plain rehearsal, and 1 too where the control plane does not start or something is not ready on it."""
    try:
        with _Starting() as plane:
            return rehearse_plainly(stack, as_json=as_json, out=out, extra_rehearsal=_OnPlane(plane, then))
    except (MissingBinariesError, ControlPlaneError) as error:
        if as_json:
            dump({"stack": stack, "ready": False, "failure": str(error)})
        else:
            complain(str(error))
    except RefusedStackError as refused:
        refuse(str(then), refused.diagnostics, as_json=as_json)
    return 1


class _Starting:
    """A control plane that starts while the plain rehearsal runs."""

    def __enter__(self) -> Self:
        """Raises `MissingBinariesError` where there are no programs to start."""
        self._plane = ControlPlane(find())
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

    def rehearse(self, first: Recorded, then: Recorded | None) -> Rehearsed:
        """Raises `ControlPlaneError` where it did not start, or ended."""
        access, taken = self._access.result()
        try:
            with access.api() as api:
                return Rehearsed(taken, rehearse_in(api, load_catalog(), first, then))
        except (OSError, http.client.HTTPException) as error:
            self._plane.check()
            raise ControlPlaneError(f"The API server does not answer any more: {error}") from error


@dataclass(frozen=True)
class _OnPlane:
    """What comes after the plain rehearsal; `then` names a second stack file."""

    plane: _Starting
    then: str | None

    def __call__(self, given: StackInput, program: Path, story: Story) -> ExtraReport:
        """Raises `RefusedStackError`, `ControlPlaneError`."""
        second = None if self.then is None else self._second(self.then, given, program)
        first = Recorded(story.plan, story.recording.registrations)
        found = self.plane.rehearse(first, second)
        return ExtraReport(found.outcome.ready, on_control_plane(found), "controlPlane", document(found))

    def _second(self, then: str, given: StackInput, program: Path) -> Recorded:
        """The stack of the second file, under the first one's name."""
        following = replace(read(stack_file(then)), project=given.project, stack=given.stack)
        rehearsed = run_program(following, program)
        if rehearsed.plan is None or rehearsed.recording is None:
            raise RefusedStackError(rehearsed.diagnostics)
        return Recorded(rehearsed.plan, rehearsed.recording.registrations)
