"""`pause: true`: no other number of the plan changes."""

from dataclasses import replace

from tests.unit.stacks import KUBECONFIG, codes, found, planned

PAUSE: dict[str, object] = {"pause": True}
RANGE: dict[str, object] = {"pools.gpu.nodes": {"min": 1, "max": 2}}
SCALED: dict[str, object] = {**RANGE, "models.chat.autoscaling": {"min": 1, "max": 2}}


def test_a_pause_is_said_once_and_changes_no_other_number():
    awake, paused = planned(SCALED), planned({**SCALED, **PAUSE})
    assert (awake.paused, paused.paused) == (False, True)
    assert replace(paused, paused=False, smoke_test=awake.smoke_test, reasons=(), diagnostics=()) == replace(
        awake, reasons=(), diagnostics=()
    )


def test_what_is_sized_for_replicas_finds_no_fault_with_zero():
    assert codes(planned(PAUSE)) - codes(planned()) == {"PAUSED"}


def test_a_pool_that_is_too_small_is_found_in_a_pause_too():
    assert "POOL_TOO_SMALL" in codes(planned({**PAUSE, "models.chat.replicas": 3}), "error")


def test_who_takes_the_nodes_of_a_range_away_is_said():
    assert "autoscaler" in found(planned({**PAUSE, **RANGE}), "PAUSED").message
    assert "autoscaler" not in found(planned(PAUSE), "PAUSED").message


def test_nodes_that_exist_are_not_promised_to_go():
    assert "not ours" in found(planned({**KUBECONFIG, **PAUSE}), "PAUSED").message


def test_a_month_that_is_paid_is_mentioned():
    assert "month" in found(planned({**PAUSE, "pools.gpu.charge": "prepaid"}), "PAUSED").message
