"""Runs `__main__.py` as the engine would, against the simulated cloud."""

import asyncio
import contextlib
import runpy
import sys
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi.runtime import mocks, run_in_stack, set_all_config
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.settings import configure, reset_options

from rehearsal.cloud import Cloud
from rehearsal.recorder import Answers, Recorder
from rehearsal.registration import Registration, in_order


class ProgramError(Exception):
    """The program stopped. `str()` says what it said, and where; no traceback."""


@dataclass(frozen=True)
class Recording:
    """What the program registered, dependencies first, what it exported, and what it warned of."""

    registrations: tuple[Registration, ...]
    exports: Mapping[str, object]
    log: tuple[str, ...] = ()


@dataclass(frozen=True)
class Program:
    """A Pulumi program (the path of its ``__main__.py``) and the stack that it runs for.

    `config` is the stack's configuration as the engine hands it over: full keys (``tke-llm:models``), every value as
    text, objects as JSON. `secret` names the keys that hold secrets.
    """

    path: Path
    project: str
    stack: str
    config: Mapping[str, str]
    secret: frozenset[str] = frozenset()


class _Engine:
    """Takes the warnings and errors that the program logs."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def Log(self, request: engine_pb2.LogRequest) -> None:  # noqa: N802  gRPC's name
        if request.severity in (engine_pb2.WARNING, engine_pb2.ERROR):
            self.messages.append(request.message)


def run_program(program: Program, cloud: Cloud | None = None, *, preview: bool = False) -> Recording:
    """Run the program and wait for all of its registrations.

    Nothing of the run stays behind in the process. Raises `ProgramError` where the program raises or exits.
    """
    # In a thread of its own, whose stack is short: Pulumi writes the whole stack down at every registration.
    with ThreadPoolExecutor(max_workers=1) as alone:
        return alone.submit(copy_context().run, _run, program, cloud or Cloud(), preview).result()


def _run(program: Program, cloud: Cloud, preview: bool) -> Recording:
    engine = _Engine()
    recorder = Recorder(Answers(cloud), preview=preview)
    reset_options(project=program.project, stack=program.stack, preview=preview)
    configure(
        mocks.MockSettings(
            monitor=recorder,
            engine=engine,
            project=program.project,
            stack=program.stack,
            dry_run=preview,
            root_directory=str(program.path.parent),
            organization="organization",
            callbacks=None,
        )
    )
    set_all_config(dict(program.config), sorted(program.secret))
    with as_the_engine_starts_it(program.path), asyncio.Runner() as runner:
        # A failure fails all that waits for it; one report is enough, and it is ours.
        runner.get_loop().set_exception_handler(lambda _loop, _context: None)
        try:
            runner.run(run_in_stack(lambda: start(program.path)))
        except ProgramError:
            raise
        except Exception as error:
            raise ProgramError(_said(error, program.path)) from error
    registrations = in_order(recorder.registrations)
    return Recording(registrations, recorder.exports, tuple(engine.messages))


def start(program: Path) -> None:
    """Run a program's ``__main__.py``. Raises `ProgramError` where it exits with a status other than 0."""
    try:
        runpy.run_path(str(program), run_name="__main__")
    except SystemExit as stop:
        if stop.code:
            raise ProgramError(f"{program.name} exited with {stop.code}") from stop


@contextlib.contextmanager
def as_the_engine_starts_it(program: Path) -> Iterator[None]:
    """In the program's folder, which is first on the module path."""
    folder = str(program.parent)
    sys.path.insert(0, folder)
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.path.remove(folder)


def _said(error: Exception, program: Path) -> str:
    """One line for a message that was meant for the user; for anything else, also where it happened."""
    if isinstance(error, pulumi.RunError):
        return str(error)
    root = program.parent.resolve()
    frames = [frame for frame in traceback.extract_tb(_deepest(error).__traceback__) if _below(frame.filename, root)]
    place = f" ({Path(frames[-1].filename).resolve().relative_to(root)}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def _deepest(error: BaseException) -> BaseException:
    """Where a chain of causes begins; Pulumi's can run in a circle, which ends where it closes."""
    seen = {id(error)}
    while error.__cause__ is not None and id(error.__cause__) not in seen:
        error = error.__cause__
        seen.add(id(error))
    return error


def _below(file: str, root: Path) -> bool:
    path = Path(file).resolve()
    return path.is_relative_to(root) and ".venv" not in path.parts and "rehearsal" not in path.parts
