"""What the simulated providers know of the SDKs."""

from rehearsal.pulumi_engine.introspect import SCHEMA, text


def test_the_schema_is_that_of_the_installed_sdks() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == text(), "python -m rehearsal.pulumi_engine.introspect"
