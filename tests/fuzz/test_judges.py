"""Each judge complains of the fault that it is there for, planted on purpose."""

import contextlib
import itertools
from dataclasses import replace

import pytest

from components.workloads import kube
from settings.diagnostics import Diagnostic
from tests.fuzz.generate import SAMPLES, STOCK, TEXTS, places
from tests.fuzz.judges import has_places_and_fixes, is_deterministic, is_total, proof, ready_is_ready

DEV = SAMPLES["Pulumi.dev.yaml"]


def with_error(**changes):
    """A proof with one more error than the real one."""
    error = replace(Diagnostic("error", "PLANTED", "order", "It is wrong.", "Mend it."), **changes)
    return lambda given: (proof(given)[0], (*proof(given)[1], error))


def test_an_exception_is_a_complaint():
    def broken(_given):
        raise ZeroDivisionError

    assert "ZeroDivisionError" in is_total(DEV, broken)[0]


def test_a_proof_without_an_end_is_a_complaint():
    def endless(_given):
        for _ in range(1000):
            proof(DEV)
        pytest.fail("a thousand proofs, and nothing ended them")

    assert "calls" in is_total(DEV, endless, most=500_000)[0]


def test_a_proof_without_an_end_is_a_complaint_wherever_the_count_runs_out():
    """What a generator raises while it is closed, for nobody holds it any more, goes nowhere."""

    def some():
        return any(number for number in range(1, 3))

    def endless(_given):
        for _ in range(1000):
            some()
        pytest.fail("nothing ended it")

    for most in range(200, 220):
        assert "calls" in is_total(DEV, endless, most=most)[0]


def test_a_proof_without_an_end_is_a_complaint_though_it_takes_every_error_for_its_own():
    def endless(_given):
        for _ in range(1000):
            with contextlib.suppress(Exception):
                proof(DEV)
        pytest.fail("nothing ended it")

    assert "calls" in is_total(DEV, endless, most=200_000)[0]


def test_a_proof_that_counts_its_runs_is_a_complaint():
    runs = itertools.count()
    assert is_deterministic(DEV, lambda _: (next(runs), ()))


@pytest.mark.parametrize(
    "planted", [{"path": ""}, {"remedy": ""}, {"fix": (("order", "fastest"),)}, {"fix": (("nowhere.at.all", 1),)}]
)
def test_an_error_without_a_place_or_with_a_fix_that_does_not_help_is_a_complaint(planted):
    assert has_places_and_fixes(DEV, with_error(**planted))


def test_an_error_whose_fix_is_for_a_person_to_find_is_none():
    assert not has_places_and_fixes(DEV, with_error())


def test_a_ready_stack_that_a_policy_refuses_is_a_complaint(monkeypatch):
    monkeypatch.setattr(kube, "container_security", dict)
    assert any("policy" in each for each in ready_is_ready(DEV))


def test_two_objects_of_one_name_are_a_complaint(monkeypatch):
    monkeypatch.setattr("components.workloads.webui.NAME", "chat")
    assert any("Deployment llm chat" in each for each in ready_is_ready(DEV))


def test_a_program_that_stops_on_a_ready_stack_is_a_complaint(monkeypatch):
    monkeypatch.setattr("components.workloads.webui.backend_env", lambda _: 1 / 0)
    assert any("the program stopped" in each for each in ready_is_ready(DEV))


def test_every_key_of_the_schema_is_a_place_that_can_be_changed():
    found = {path for path, _ in places(DEV.sections)}
    assert {"order", "pools.gpu.nodes.max", "models.chat.download.workers", "expose.tls.secret"} <= found


def test_the_samples_are_the_stock_that_all_is_made_from():
    assert len(SAMPLES) == len(TEXTS) >= 13
    assert SAMPLES.keys() < STOCK.keys()


@pytest.mark.parametrize("name", sorted(STOCK.keys() - SAMPLES.keys()))
def test_what_no_sample_shows_is_sound_as_well(name):
    assert not [each for each in proof(STOCK[name])[1] if each.severity == "error"]
    assert not ready_is_ready(STOCK[name])
