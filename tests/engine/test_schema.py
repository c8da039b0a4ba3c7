"""What the simulated providers know of the SDKs."""

from rehearsal.pulumi_engine.schema import FILE
from tests.engine.introspect import text


def test_the_schema_is_that_of_the_installed_sdks() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "python -m tests.engine.introspect"
