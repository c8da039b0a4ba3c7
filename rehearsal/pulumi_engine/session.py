"""One stack under the engine, from outside: starts the worker in its private environment and gives it orders."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from rehearsal.cloud import Cloud
from rehearsal.config import engine_values
from rehearsal.control_plane.plane import Access
from rehearsal.pulumi_engine.environment import PrivateFolder
from rehearsal.pulumi_engine.faults import Fault
from rehearsal.pulumi_engine.outcome import EngineOutcome, collect
from rehearsal.pulumi_engine.world import CloudResource, CloudState
from settings.keys import NAMESPACE
from settings.parse import StackInput
from tools.binaries import default_cache

_PLAIN = {"replace": [], "goes_on": False, "refresh": False}
"""An `up` without more."""

Listener = Callable[[Mapping[str, object]], None]
"""Hears of each event as it happens."""


class WorkerError(Exception):
    """The process that drives the engine ended before it had answered, or cannot open the stack. `str()` holds what it
    said last."""


class EngineSession:
    """A stack, its private place and the engine. As a context manager it starts the worker, and at the end stops it and
    removes the place.

    `program` is the path of a ``__main__.py``. Objects of Kubernetes are in memory, or with `access` on that control
    plane. With `root`, an existing private place is taken over (after a crash) or
    a new one is made there, and it stays at the end.
    """

    def __init__(
        self,
        given: StackInput,
        program: Path,
        pulumi: Path,
        *,
        access: Access | None = None,
        root: Path | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._given = given
        self._program = program.resolve()
        self._pulumi = pulumi
        self._access = access
        self._keep = root is not None
        self.room = PrivateFolder(root or Path(tempfile.mkdtemp(prefix="tke-llm-engine-")))
        self._listener = listener
        self._seed = secrets.token_hex(16)
        self._worker: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            self._open()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill worker and engine, and remove the place where it is not to stay."""
        self.kill()
        if not self._keep:
            shutil.rmtree(self.room.root, ignore_errors=True)

    def _open(self) -> None:
        self.room.furnish(self._pulumi)
        root = str(self.room.root)
        with (self.room.root / "worker.log").open("ab") as log:
            self._worker = subprocess.Popen(  # noqa: S603  our own interpreter and module
                [sys.executable, "-m", "rehearsal.pulumi_engine.worker", root, *([] if self._keep else [root])],
                cwd=self.room.work,
                env=self.room.environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        opened = self._order("open", program=str(self._program), project=self._given.project, stack=self._given.stack)
        if error := opened[-1]["error"]:
            raise WorkerError(str(error))
        self.configure(self._given)
        if self._access is not None:
            self.attach(self._access)

    @property
    def world(self) -> CloudState:
        """What the simulated cloud holds now."""
        return CloudState.open(self.room.world, self._seed)

    @property
    def checkpoint(self) -> Path:
        """The engine's state of the stack."""
        return self.room.checkpoint(self._given.project, self._given.stack)

    def orphans(self) -> list[CloudResource]:
        """What exists in the cloud and not in the engine's state: nobody will ever delete it."""
        known = {(each["type"], each.get("id")) for each in self._state()}
        return [resource for resource in self.world.resources.values() if resource.key not in known]

    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs as the state has them: those that are secret are encrypted."""
        return next((each["outputs"] for each in self._state() if each["type"] == "pulumi:pulumi:Stack"), {})

    def _state(self) -> Sequence[Mapping[str, Any]]:
        """All resources that the engine knows."""
        state = json.loads(self.checkpoint.read_text(encoding="utf-8"))
        return state["checkpoint"]["latest"].get("resources") or ()

    def attach(self, access: Access) -> None:
        """From now on objects of Kubernetes are on this control plane."""
        self._order("attach", access=asdict(access), cache=str(default_cache().parent))

    def configure(self, given: StackInput) -> None:
        """Set the stack's configuration to that of a stack file. Secrets, which nobody knows here, get stand-ins."""
        values, secret = engine_values(given, Cloud(self._seed))
        sections = {f"{NAMESPACE}:{name}": value for name, value in given.sections.items()}
        region = {} if given.region is None else {"tencentcloud:region": given.region}
        self._order("configure", values=sections | region, secrets={key: values[key] for key in sorted(secret)})

    def preview(self, *, replacing: Sequence[str] = ()) -> EngineOutcome:
        """What `up` would do. `replacing`: URNs of resources to make anew, whether they changed or not."""
        return self._operate("preview", replace=list(replacing))

    def up(
        self,
        faults: Sequence[Fault] = (),
        *,
        replacing: Sequence[str] = (),
        goes_on: bool = False,
        refreshing: bool = False,
    ) -> EngineOutcome:
        """`goes_on`: after a failure with all that does not wait for what failed (`--continue-on-error`).
        `refreshing`: read all resources anew first; what that finds changed counts as changed."""
        return self._operate("up", faults, replace=list(replacing), goes_on=goes_on, refresh=refreshing)

    def refresh(self, *, clear_pending: bool = False) -> EngineOutcome:
        """Read all resources anew. `clear_pending` forgets creations that a killed engine left open in the state."""
        return self._operate("refresh", clear=clear_pending)

    def destroy(self) -> EngineOutcome:
        return self._operate("destroy")

    def cancel(self) -> None:
        """Release the lock that a killed engine left on the state."""
        self._order("cancel")

    def send_up(self, faults: Sequence[Fault]) -> None:
        """Begin an `up` and do not wait for it."""
        self._send("up", seed=self._seed, faults=[asdict(each) for each in faults], **_PLAIN)

    def kill(self) -> None:
        """Kill the worker and the engine at once, as the end of a machine would."""
        if self._worker is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._worker.pid, signal.SIGKILL)
            self._worker.wait()
            for stream in (self._worker.stdin, self._worker.stdout):
                if stream is not None:
                    with contextlib.suppress(BrokenPipeError):
                        stream.close()
            self._worker = None

    def _operate(self, what: str, faults: Sequence[Fault] = (), **more: object) -> EngineOutcome:
        events = self._order(what, seed=self._seed, faults=[asdict(each) for each in faults], **more)
        done = events[-1]
        return collect(events[:-1], str(done["error"]), float(str(done["seconds"])))

    def _order(self, what: str, **about: object) -> list[Mapping[str, object]]:
        """Send an order and hear its events until it is done. Raises `WorkerError` where the worker ends instead."""
        self._send(what, **about)
        events: list[Mapping[str, object]] = []
        for line in self._running.stdout or ():
            event = json.loads(line)
            events.append(event)
            if event["event"] == "done":
                return events
            if self._listener is not None:
                self._listener(event)
        log = (self.room.root / "worker.log").read_text(encoding="utf-8", errors="replace")
        self.kill()
        raise WorkerError(log[-4000:])

    def _send(self, what: str, **about: object) -> None:
        stdin = self._running.stdin
        if stdin is not None:
            stdin.write(json.dumps({"do": what, **about}) + "\n")
            stdin.flush()

    @property
    def _running(self) -> subprocess.Popen[str]:
        if self._worker is None:
            raise WorkerError("the session is not open")
        return self._worker
