"""What `tke-llm doctor` looks at: programs, the environment and folders of this machine. It changes nothing."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cli.language import tr

SECONDS = 20.0
"""Longest wait for one program: a backend may be far away."""

State = Literal["ok", "missing", "advice", "unknown"]
"""`missing`: `pulumi up` needs it; `advice`: something else does; `unknown`: nothing could be asked."""


@dataclass(frozen=True)
class Check:
    """One line: what was looked at, what was found, and the command or the step that mends it."""

    name: str
    state: State
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Answer:
    """What a program said; `code` is None where it is not there or did not end in time."""

    code: int | None
    out: str = ""
    complaint: str = ""

    def document(self) -> Any:  # noqa: ANN401  whatever the JSON holds
        """The JSON that it printed; None where it failed or printed none."""
        try:
            return json.loads(self.out) if self.code == 0 else None
        except ValueError:
            return None


@dataclass(frozen=True)
class Machine:
    """The environment and the folder with ``Pulumi.yaml``, in which programs are asked."""

    environ: Mapping[str, str]
    project: Path

    def which(self, name: str) -> str | None:
        return shutil.which(name, path=self.environ.get("PATH"))

    def ask(self, program: str, *arguments: str) -> Answer:
        """Run a program that needs no terminal."""
        path = self.which(program)
        if path is None:
            return Answer(None, complaint=tr("{program} is not on PATH", program=program))
        environ = {**self.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
        try:
            done = subprocess.run(  # noqa: S603  our own arguments
                [path, *arguments],
                cwd=self.project,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Answer(
                None, complaint=tr("{program} gave no answer within {seconds:.0f} s", program=program, seconds=SECONDS)
            )
        except OSError as error:
            return Answer(None, complaint=tr("{program} cannot be run: {why}", program=program, why=error.strerror))
        lines = [each.removeprefix("error: ").strip() for each in done.stderr.splitlines() if each.strip()]
        return Answer(done.returncode, done.stdout, lines[-1] if lines else "")


def machine(project: Path) -> Machine:
    return Machine(os.environ, project)


def version_of(text: str) -> tuple[int, ...] | None:
    """The first version in a program's answer; None where there is none."""
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else None


def written(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
