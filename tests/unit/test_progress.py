"""What takes longer than two seconds shows that it lives, where somebody looks on."""

import io
import json
import sys

import pytest

from cli import progress
from cli.progress import working


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(progress, "SOON", 0.0)


def test_a_terminal_sees_what_is_done_and_how_long_it_took_before(monkeypatch):
    with working("Rehearsing dev", "rehearse dev"):
        pass
    known = json.loads(progress._file().read_text())
    assert list(known) == ["rehearse dev"]
    progress._file().write_text(json.dumps({"rehearse dev": 12.0}))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with working("Rehearsing dev", "rehearse dev"):
        pass
    assert "Rehearsing dev (about 12 s the last time)" in terminal.getvalue()


def test_elsewhere_nothing_is_written(capsys):
    with working("Rehearsing dev", "rehearse dev"):
        pass
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("text", ["no JSON", '{"rehearse dev": "long"}'])
def test_a_file_that_cannot_be_read_is_no_harm(text):
    progress._file().parent.mkdir(parents=True, exist_ok=True)
    progress._file().write_text(text)
    with working("Rehearsing dev", "rehearse dev"):
        pass
    assert json.loads(progress._file().read_text()) == {"rehearse dev": pytest.approx(0.0, abs=60)}


def test_a_run_that_fails_is_no_measure():
    with pytest.raises(KeyError), working("Rehearsing dev", "rehearse dev"):
        raise KeyError
    assert not progress._file().exists()
