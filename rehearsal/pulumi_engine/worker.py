"""The process that drives the engine. It lives in the private environment, serves the simulated providers and runs the
program; orders come as lines of JSON on standard input, and what happens goes out as lines of JSON.

Started by `rehearsal.pulumi_engine.session`, never by hand. Arguments: the private place, and what of it is to go when
the caller is gone.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import yaml
from pulumi import automation
from pulumi.automation._stack import StackInitMode
from pulumi.automation.events import EngineEvent
from semver import VersionInfo

from catalog.load import load as load_catalog
from planner.prove import prove
from rehearsal.cluster.cluster import Cluster
from rehearsal.control_plane.binaries import MissingBinariesError
from rehearsal.control_plane.plane import Access
from rehearsal.controllers.controllers import ControllerError, Controllers
from rehearsal.controllers.definitions import MissingDefinitionsError
from rehearsal.engine import as_the_engine_starts_it, start
from rehearsal.pulumi_engine.environment import PrivateFolder
from rehearsal.pulumi_engine.faults import Fault, Faults
from rehearsal.pulumi_engine.infrastructure import Infrastructure
from rehearsal.pulumi_engine.serving import serve, silent
from rehearsal.pulumi_engine.world import CloudState
from settings.file import read
from settings.parse import parse
from tools.binaries import ENGINE

Order = Mapping[str, Any]


_END = """
import os, shutil, signal, sys
os.killpg(int(sys.argv[1]), signal.SIGKILL)
for root in sys.argv[2:] * 2:
    shutil.rmtree(root, ignore_errors=True)
"""
"""Ends a process group, the engine and its children too, and removes folders; what one of them was still writing, at
the second try."""


class NoAnswerError(Exception):
    """A simulated provider is not there, so that the engine would look for a real one."""


_FAILURES = (
    automation.errors.CommandError,
    NoAnswerError,
    ControllerError,
    MissingDefinitionsError,
    MissingBinariesError,
)


class _Pulumi(automation.PulumiCommand):
    """The one program on the search path, of a version that nobody has to ask for: of all that `locate` takes, the
    oldest."""

    def __init__(self) -> None:
        self.command = "pulumi"
        major, minor, _ = ENGINE[0].version
        self.version = VersionInfo(major, minor, 0)


class _Workspace(automation.LocalWorkspace):
    """Leaves out what the SDK would start pulumi twice for after each `up`: nobody here reads the outputs."""

    def stack_outputs(self, stack_name: str) -> automation.OutputMap:  # noqa: ARG002  the SDK's signature
        return {}


class _Stack(automation.Stack):
    """Leaves out what the SDK would start pulumi once more for after each operation: nobody reads the history."""

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002  the SDK's signature
        return automation.UpdateSummary("update", datetime.now(UTC), "", {}, {}, "")


class _Worker:
    def __init__(self, room: PrivateFolder, out: TextIO) -> None:
        self._room = room
        self._out = out
        self._lock = threading.Lock()
        self._program = Path()
        self._stack: automation.Stack | None = None
        self._plane: tuple[Cluster, Controllers] | None = None
        self._orders: Mapping[str, Callable[[Order], None]] = {
            "open": self._open,
            "attach": self._attach,
            "configure": self._configure,
            "preview": self._preview,
            "up": self._up,
            "refresh": self._refresh,
            "destroy": self._destroy,
            "cancel": self._cancel,
        }

    def do(self, order: Order) -> None:
        """Carry out one order and say how it ended."""
        begun = time.perf_counter()
        error = ""
        try:
            self._orders[order["do"]](order)
        except _FAILURES as failed:
            error = str(failed)
        self._say("done", error=error, seconds=time.perf_counter() - begun)

    def _open(self, order: Order) -> None:
        self._program = Path(order["program"])
        workspace = _Workspace(
            work_dir=str(self._room.work),
            pulumi_command=_Pulumi(),
            program=lambda: start(self._program),
            # As an inline program has it, whose sources are not in the engine's folder.
            project_settings=automation.ProjectSettings(name=order["project"], runtime="python", main=str(Path.cwd())),
        )
        # The longest part of the program's first run; a control plane may be starting meanwhile.
        import_module("components.stack")
        known = self._room.checkpoint(order["project"], order["stack"]).exists()
        self._stack = _Stack(order["stack"], workspace, StackInitMode.SELECT if known else StackInitMode.CREATE)

    def _attach(self, order: Order) -> None:
        access = Access(**order["access"])
        # Where the controllers' programs are, of which the private environment knows nothing.
        os.environ["XDG_CACHE_HOME"] = order["cache"]
        # Both end with this process.
        self._plane = Cluster(access, load_catalog()).__enter__(), Controllers(access).__enter__()

    def _configure(self, order: Order) -> None:
        stack = self._opened
        file = self._room.stack_file(stack.name)
        kept = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}
        file.write_text(yaml.safe_dump({**(kept or {}), "config": order["values"]}), encoding="utf-8")
        if order["secrets"]:
            stack.set_all_config(
                {key: automation.ConfigValue(value, secret=True) for key, value in order["secrets"].items()}
            )

    def _preview(self, order: Order) -> None:
        with self._served(order), as_the_engine_starts_it(self._program):
            self._opened.preview(on_event=self._note, color="never", replace=order["replace"])

    def _up(self, order: Order) -> None:
        with self._served(order), as_the_engine_starts_it(self._program):
            self._opened.up(
                on_event=self._note,
                color="never",
                show_secrets=False,
                replace=order["replace"],
                continue_on_error=order["goes_on"],
                refresh=order["refresh"],
            )

    def _refresh(self, order: Order) -> None:
        with self._served(order):
            self._opened.refresh(
                on_event=self._note, color="never", show_secrets=False, clear_pending_creates=order.get("clear") or None
            )

    def _destroy(self, order: Order) -> None:
        with self._served(order):
            self._opened.destroy(on_event=self._note, color="never", show_secrets=False)

    def _cancel(self, _order: Order) -> None:
        self._opened.cancel()

    @property
    def _opened(self) -> automation.Stack:
        if self._stack is None:
            raise RuntimeError("no stack is open")
        return self._stack

    @contextlib.contextmanager
    def _served(self, order: Order) -> Iterator[None]:
        """Simulated providers for one operation; it does not begin unless all of them answer."""
        world = CloudState.open(self._room.world, order["seed"])
        faults = Faults(tuple(Fault(**each) for each in order.get("faults", ())))
        infrastructure = self._infrastructure(world)
        serving = serve(world, faults, infrastructure)
        try:
            if infrastructure is not None:
                infrastructure.prepare()
            missing = silent(serving.ports)
            if missing:
                raise NoAnswerError(f"no simulated provider answers for {', '.join(missing)}: nothing was started")
            os.environ["PULUMI_DEBUG_PROVIDERS"] = ",".join(f"{name}:{port}" for name, port in serving.ports.items())
            yield
        finally:
            os.environ.pop("PULUMI_DEBUG_PROVIDERS", None)
            serving.stop()

    def _infrastructure(self, world: CloudState) -> Infrastructure | None:
        if self._plane is None:
            return None
        plan, _ = prove(parse(read(self._room.stack_file(self._opened.name))))
        assert plan is not None  # noqa: S101  nobody starts an operation for a stack that cannot be planned
        return Infrastructure(*self._plane, world, plan)

    def _note(self, event: EngineEvent) -> None:
        for name, about in _told(event):
            self._say(name, **about)

    def _say(self, event: str, **about: object) -> None:
        with self._lock:
            self._out.write(json.dumps({"event": event, **about}) + "\n")
            self._out.flush()


def _told(event: EngineEvent) -> Iterator[tuple[str, dict[str, object]]]:
    """What the caller is to hear of an event: steps of resources and messages."""
    for name, step in (
        ("begin", event.resource_pre_event),
        ("end", event.res_outputs_event),
        ("failed", event.res_op_failed_event),
    ):
        if step is not None:
            about = step.metadata
            yield (
                name,
                {
                    "op": about.op.value,
                    "urn": about.urn,
                    "type": about.type,
                    "diffs": [
                        [path, diff.diff_kind.value] for path, diff in sorted((about.detailed_diff or {}).items())
                    ],
                    "inputs": dict((about.new.inputs if about.new else None) or {}),
                    "retained": bool(about.old and about.old.retain_on_delete),
                },
            )
    about = event.diagnostic_event
    if about is not None and about.severity != "debug":
        yield "message", {"severity": about.severity, "text": about.message, "urn": about.urn}


def main() -> int:
    """Serve orders until standard input ends; then everything that was started ends too."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # What the program prints must not get between the lines of JSON.
    os.dup2(2, 1)
    worker = _Worker(PrivateFolder(Path(sys.argv[1])), out)
    orders: list[Order] = []
    arrived = threading.Condition()

    def read() -> None:
        for line in sys.stdin:
            with arrived:
                orders.append(json.loads(line))
                arrived.notify()
        # The caller is gone, and with it all that would end the engine and remove the place.
        subprocess.Popen(  # noqa: S603  our own interpreter and script
            [sys.executable, "-I", "-S", "-c", _END, str(os.getpgid(0)), *sys.argv[2:]], start_new_session=True
        )

    threading.Thread(target=read, daemon=True).start()
    while True:
        with arrived:
            arrived.wait_for(lambda: orders)
            order = orders.pop(0)
        worker.do(order)


if __name__ == "__main__":
    sys.exit(main())
