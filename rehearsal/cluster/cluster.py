"""The cluster of a stack on a control plane: what is in it, what is asked of it, and what the cloud does there."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from catalog.load import Catalog
from rehearsal.cluster import balancers
from rehearsal.cluster.binder import Binder
from rehearsal.cluster.machines import Machines
from rehearsal.cluster.objects import Object, Paths, Ref, UnknownKindError, ref
from rehearsal.cluster.readiness import Judge, Unready
from rehearsal.cluster.state import ClusterState, look, revision
from rehearsal.control_plane.api import UNREACHABLE, Api, ApiError, GoneError
from rehearsal.control_plane.plane import Access

UNANSWERED = 90.0
"""Seconds without any answer after which nobody waits for one any more."""
_PAUSE = 0.3
_PAUSE_OF_WAITING = 0.06
"""Seconds between two looks, and between those that somebody waits for."""


@dataclass(frozen=True)
class Patience:
    """Seconds without any event after which waiting ends: `settled` where all that is left to wait for is settled,
    `quiet` otherwise, and `longest` whatever happens."""

    settled: float = 5.0
    quiet: float = 30.0
    longest: float = 300.0

    def over(self, reasons: Iterable[Unready], begun: float, moved: float) -> bool:
        """Whether nobody waits any longer for these, `begun` and `moved` (when anything last did) being monotonic."""
        now = time.monotonic()
        most = self.settled if all(each.settled for each in reasons) else self.quiet
        return now - moved > most or now - begun > self.longest


class Cluster:
    """As a context manager it works beside Kubernetes' own controllers, on a thread of its own, as the cloud does: it
    makes volumes, adds machines, gives addresses. All methods may be called by several threads."""

    def __init__(self, access: Access, catalog: Catalog) -> None:
        self.catalog = catalog
        self.state = ClusterState({})
        self._access = access
        self._known: dict[tuple[str, str], tuple[str, bool]] = {}
        self._kept = threading.local()
        self._api = access.api()
        self.machines = Machines(self._api)
        self._binder = Binder(self._api)
        self._looked = threading.Condition()
        self._asked = threading.Event()
        self._begun = self._done = 0
        """Numbers of the looks that were begun and ended."""
        self._revision = ""
        self._moved = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def _asks(self) -> tuple[Api, Paths]:
        """A connection of the calling thread's own, which is kept."""
        if not hasattr(self._kept, "api"):
            self._kept.api = self._access.api()
        return self._kept.api, Paths(self._kept.api, self._known)

    def get(self, wanted: Ref) -> dict[str, Any] | None:
        """The object; None where it is gone, or its kind is not (any more)."""
        api, paths = self._asks
        with suppress(GoneError, UnknownKindError):
            return api.get(paths.of(wanted))
        return None

    def apply(self, obj: Object) -> tuple[dict[str, Any], list[str]]:
        """Have the API server take an object: what it has of it now, and what it warns of. Raises `ApiError`,
        `UnknownKindError`."""
        api, paths = self._asks
        api.warnings.clear()
        taken = api.apply(paths.of(ref(obj)), dict(obj))
        self.stir()
        return taken, list(api.warnings)

    def try_to_apply(self, obj: Object) -> None:
        """Ask the API server whether it would take an object. Raises `ApiError`, `UnknownKindError`."""
        api, paths = self._asks
        api.apply(paths.of(ref(obj)), dict(obj), dry=True)

    def delete(self, wanted: Ref) -> list[Unready]:
        """Delete an object, what it owns first; why it is still there when nothing moves any more."""
        self.remove(wanted, propagation="Foreground")
        return self.settle(lambda _: self._still_there(wanted))

    def remove(self, wanted: Ref, propagation: str = "Background") -> None:
        """Delete an object and do not wait for it."""
        api, paths = self._asks
        with suppress(GoneError, UnknownKindError):
            api.delete(paths.of(wanted), propagation=propagation)

    def awaited(self, obj: Object) -> list[Unready]:
        """Wait as Pulumi's provider does until an object is ready; why it is not when nothing moves any more."""
        return self.settle(lambda judge: judge.awaited(obj))

    def settle(self, left: Callable[[Judge], Sequence[Unready]]) -> list[Unready]:
        """Wait until `left`, which is asked after each look, has nothing any more; else until nothing moves any more,
        and return what was left then."""
        begun = time.monotonic()
        # What is being looked at now may be older than this call.
        seen = self._begun
        while True:
            self._asked.set()
            seen = self._look_after(seen)
            reasons = list(left(Judge(self.state, self.catalog)))
            if not reasons or Patience().over(reasons, begun, self._moved) or self._ended.wait(_PAUSE_OF_WAITING):
                return reasons

    def _look_after(self, number: int) -> int:
        """Wait for a look with a higher number, and return it. Raises `ConnectionError` where there is none."""
        with self._looked:
            if not self._looked.wait_for(lambda: self._done > number or self._ended.is_set(), UNANSWERED):
                raise ConnectionError(f"the API server has not answered for {UNANSWERED:.0f} s")
            return self._done

    def stir(self) -> None:
        """Something has begun or ended: it is too early to say that nothing moves."""
        self._moved = time.monotonic()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._asked.wait(_PAUSE)
            self._asked.clear()
            # An API server that is away for a while is asked again.
            with suppress(*UNREACHABLE, ApiError):
                self._look()
        self._api.close()

    def _look(self) -> None:
        self._begun += 1
        # Asked before the look: what is written meanwhile is seen by the next one.
        now = revision(self._api)
        state = self.state if now == self._revision else look(self._api, Paths(self._api, self._known))
        self._revision = now
        if state.fingerprint != self.state.fingerprint:
            self.stir()
        with self._looked:
            self.state = state
            self._done = self._begun
            self._looked.notify_all()
        for act in (self._binder.step, self.machines.step, lambda state: balancers.step(self._api, state)):
            # What was seen may be gone by now; the next look will not show it.
            with suppress(GoneError):
                act(state)

    def _still_there(self, wanted: Ref) -> list[Unready]:
        found = self.get(wanted)
        if found is None:
            return []
        told = [each["message"] for each in found.get("status", {}).get("conditions", ()) if each.get("message")]
        held = ", ".join(found["metadata"].get("finalizers", []))
        return [
            Unready(f"it is still there{f' (held by {held})' if held else ''}{': ' if told else ''}{'; '.join(told)}")
        ]
