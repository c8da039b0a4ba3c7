"""Stack files by chance: in `make test` the same few examples each time, in `make fuzz` as many new ones as wanted."""

import os

from hypothesis import HealthCheck, given, settings

from settings.file import read
from settings.parse import parse
from tests.fuzz.generate import stack_inputs, texts
from tests.fuzz.judges import (
    has_places_and_fixes,
    is_deterministic,
    is_total,
    ready_is_ready,
)

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "0"))


def examples(few: int):
    """`few` fixed examples, or as many new ones as FUZZ_EXAMPLES says."""
    return settings(
        max_examples=EXAMPLES or few,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


@examples(60)
@given(stack_inputs(hostile=True))
def test_every_stack_file_is_proved_within_bounds(given_input):
    assert not is_total(given_input)


@examples(40)
@given(stack_inputs(hostile=True))
def test_a_proof_is_the_same_each_time(given_input):
    assert not is_deterministic(given_input)


@examples(60)
@given(stack_inputs(hostile=True))
def test_every_error_has_a_place_and_a_fix_that_helps(given_input):
    assert not has_places_and_fixes(given_input)


@examples(25)
@given(stack_inputs())
def test_what_is_ready_runs_and_breaks_no_rule(given_input):
    assert not ready_is_ready(given_input)


@examples(150)
@given(texts())
def test_any_text_is_read_to_its_end_and_never_half(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "Pulumi.fuzz.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    found = read(file)
    parsed = parse(found)
    assert parsed.settings is not None or any(each.severity == "error" for each in parsed.problems)
