"""`--control-plane` on a machine without its programs."""

from pathlib import Path

import pytest

from cli.control_plane import rehearse
from cli.rehearse import Wanted


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither an installed nor a built program is found."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)


@pytest.mark.usefixtures("bare")
def test_one_sentence_says_what_is_missing_and_how_to_get_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert rehearse("dev", Wanted(), as_json=False, out=tmp_path / "out", then=None, faults=()) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.strip() == (
        "No etcd, kwok, kube-apiserver, kube-controller-manager, kube-scheduler, pulumi on this machine yet: "
        "run `make control-plane engine` once."
    )


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(("first", "then"), [("gateway", None), ("dev", "gateway")])
def test_a_stack_with_a_gateway_needs_controllers_too_be_it_the_first_or_the_second(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, first: str, then: str | None
) -> None:
    assert rehearse(first, Wanted(), as_json=False, out=tmp_path / "out", then=then, faults=()) == 1
    assert capsys.readouterr().err.strip().endswith("run `make control-plane engine controllers` once.")


@pytest.mark.usefixtures("bare")
def test_a_program_that_reads_the_report_is_told_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert rehearse("dev", Wanted(), as_json=True, out=tmp_path / "out", then=None, faults=()) == 1
    assert '"ready": false' in capsys.readouterr().out
