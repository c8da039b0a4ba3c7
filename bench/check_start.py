"""`tke-llm check` on every stack against the imports that it cannot do without, and what its time goes to.

Run by hand: python bench/check_start.py
docs/decisions/start-of-check.md holds a run and what follows from it.
"""

import resource
import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from side_by_side import CLI, ROOT, Command, compare

TARGET = 1.6
ROUNDS = 7
IMPORTS = "from pydantic import BaseModel; import typer, yaml"
BASE = (sys.executable, "-c", IMPORTS)
_NO_GC = f"import gc; gc.disable(); {IMPORTS}"
_COMMAND = "app = typer.Typer(); app.command()(command); app(['dev'], standalone_mode=False)"
_READ = "from cli.stackfile import load; from settings.parse import parse; given = load('dev')"
STEPS: tuple[tuple[str, str], ...] = (
    ("pydantic, typer and PyYAML are imported", _NO_GC),
    ("typer reads a command line with one argument", _COMMAND),
    ("the settings' types are imported, the file is read", _READ),
    ("pydantic builds its validators, the file is parsed", "parsed = parse(given)"),
    ("the planner is imported", "import cli.check"),
    ("the catalogue is read, the stack planned, the text printed", "cli.check.check('dev', as_json=False)"),
)
"""What `check dev` does one after the other. Each step is run with all that are before it."""


def cpu_seconds(command: Command) -> float:
    """CPU seconds of one run, start-up included: other work on the machine does not count."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def breakdown(rounds: int = ROUNDS) -> None:
    """Print what each step adds, in CPU milliseconds."""
    commands = [_until(place) for place in range(1, len(STEPS) + 1)]
    for command in commands:
        cpu_seconds(command)
    runs = [[cpu_seconds(command) for command in commands] for _ in range(rounds)]
    before = 0.0
    for (title, _), times in zip(STEPS, zip(*runs, strict=True), strict=True):
        taken = median(times)
        print(f"{1000 * (taken - before):6.0f} ms  {title}")
        before = taken


def _until(place: int) -> Sequence[str]:
    lines = ["def command(stack: str) -> None: ...", *(code for _, code in STEPS[:place])]
    return (sys.executable, "-c", "\n".join(lines))


if __name__ == "__main__":
    stacks = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
    ratios = {each: compare(f"check {each}", BASE, (*CLI, "check", each), target=TARGET) for each in stacks}
    within = sum(ratio <= TARGET for ratio in ratios.values())
    print(f"{within} of {len(ratios)} within {TARGET}, the largest {max(ratios.values()):.2f}")
    breakdown()
    compare("fit --all", (*CLI, "check", "dev"), (*CLI, "fit", "--all", "--json"))
