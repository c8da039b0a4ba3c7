"""Every test starts and ends with Pulumi's global options at rest."""

from collections.abc import Iterator

import pulumi
import pytest


@pytest.fixture(autouse=True)
def _fresh_runtime() -> Iterator[None]:
    yield
    pulumi.runtime.reset_options()
