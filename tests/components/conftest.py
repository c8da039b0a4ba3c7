"""Every test finds an event loop and leaves Pulumi's global options at rest."""

import asyncio
from collections.abc import Iterator

import pulumi
import pytest


@pytest.fixture(autouse=True, scope="module")
def _event_loop() -> None:
    # A rehearsal in the same process leaves none behind, and Pulumi asks for the current one.
    asyncio.set_event_loop(asyncio.new_event_loop())


@pytest.fixture(autouse=True)
def _fresh_runtime() -> Iterator[None]:
    yield
    pulumi.runtime.reset_options()
