"""Which tke-llm this is: its version, and in a clone the commit."""

import subprocess
from importlib.metadata import version
from pathlib import Path

from settings.translation import Message, tr

_CHECKOUT = Path(__file__).resolve().parents[1]
_CHANGED = "-changed"


def said(root: Path = _CHECKOUT) -> Message:
    """``tke-llm 0.1.0``, and in a clone the commit that is checked out."""
    values = {"version": version("tke-llm"), "commit": _commit(root)}
    if not values["commit"]:
        return tr("tke-llm {version}", **values)
    if values["commit"].endswith(_CHANGED):
        values["commit"] = values["commit"].removesuffix(_CHANGED)
        return tr("tke-llm {version} (commit {commit}, with changes of your own)", **values)
    return tr("tke-llm {version} (commit {commit})", **values)


def _commit(root: Path) -> str:
    """The commit, and whether files differ from it; empty where there is no clone, or no git that reads it."""
    if not (root / ".git").exists():
        return ""
    asked = ("git", "describe", "--always", f"--dirty={_CHANGED}", "--exclude=*", "--abbrev=12")
    try:
        found = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False, timeout=10)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
