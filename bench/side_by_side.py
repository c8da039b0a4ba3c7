"""Times commands against each other in one run: A B A B …, medians, ratio."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
CLI = (sys.executable, "-m", "cli")
Command = Sequence[str]


def seconds(command: Command) -> float:
    """Wall-clock seconds of one run, start-up included."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def compare(title: str, base: Command, measured: Command, *, target: float | None = None, rounds: int = 7) -> float:
    """Print both medians and the ratio, and return it. One run of each, not counted, warms the file cache."""
    for command in (base, measured):
        seconds(command)
    pairs = [(seconds(base), seconds(measured)) for _ in range(rounds)]
    floor, taken = median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)
    wanted = f" (target: {target})" if target else ""
    print(f"{title}: {taken:.2f} s against {floor:.2f} s, ratio {taken / floor:.2f}{wanted}")
    return taken / floor
