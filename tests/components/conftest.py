"""Every test starts with an event loop of its own and ends with Pulumi's global options at rest."""

import asyncio
from collections.abc import Iterator

import pulumi
import pytest


@pytest.fixture(autouse=True)
def _fresh_runtime() -> Iterator[None]:
    # A rehearsal in the same process leaves no loop behind, and Pulumi asks for the current one.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    pulumi.runtime.reset_options()
    loop.close()
