"""Places in trees of objects and lists, above all in the stack file, written as ``pulumi config set --path`` takes
them; what stands there, and other values put there."""

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from functools import reduce
from typing import Any

_PLAIN = re.compile(r"[A-Za-z_][\w-]*", re.ASCII)
_STEP = re.compile(r"""\.?([^.\[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]""")

Step = str | int


def join(steps: Iterable[Step]) -> str:
    """``("network", "zones", 0)`` -> ``network.zones[0]``; a key that is no plain name is put in ``["…"]``."""
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            path += f".{step}" if path else step
        else:
            quoted = step.replace("\\", "\\\\").replace('"', '\\"')
            path += f'["{quoted}"]'
    return path


def within(path: str, key: str) -> str:
    """The path of what an object at `path` holds under `key`, whatever characters that has."""
    return join((*split(path), key))


def split(path: str) -> tuple[Step, ...]:
    """The steps of a path that `join` made."""
    steps: list[Step] = []
    for name, index, quoted in _STEP.findall(path):
        steps.append(int(index) if index else name or re.sub(r"\\(.)", r"\1", quoted))
    return tuple(steps)


def remove(tree: object, steps: Sequence[Step]) -> None:
    """Take the value at `steps` out of `tree`, in place; nothing happens where there is none."""
    for step in steps[:-1]:
        tree = child(tree, step)
    last = steps[-1]
    if isinstance(tree, dict):
        tree.pop(last, None)
    elif isinstance(tree, list) and isinstance(last, int) and last < len(tree):
        del tree[last]


def apply_fix(sections: dict[str, object], fix: Iterable[tuple[str, object]]) -> dict[str, object]:
    """A copy of `sections` (keys below ``tke-llm:``) with a diagnostic's `fix` applied."""
    changed = deepcopy(sections)
    for path, value in fix:
        steps = split(path)
        if value is None:
            remove(changed, steps)
        else:
            put(changed, steps, value)
    return changed


def put(tree: Any, steps: Sequence[Step], value: object) -> None:  # noqa: ANN401  a tree of any shape
    """Let `value` stand at `steps` of `tree`, in place; objects on the way are made. Nothing happens where a list is
    too short."""
    for step in steps[:-1]:
        if not has(tree, step) and isinstance(tree, dict):
            tree[step] = {}
        tree = child(tree, step)
    if isinstance(tree, dict) or has(tree, steps[-1]):
        tree[steps[-1]] = value


def has(tree: object, step: Step) -> bool:
    """Whether `step` leads anywhere from `tree`."""
    if isinstance(tree, Mapping):
        return step in tree
    return isinstance(tree, list) and isinstance(step, int) and step < len(tree)


def child(tree: object, step: Step) -> object:
    """What stands at `step` of `tree`, or None."""
    return tree[step] if has(tree, step) else None  # pyright: ignore[reportIndexIssue]  `has` looked


def value_at(tree: object, *steps: Step) -> object:
    """What stands below `steps` of `tree`, or None."""
    return reduce(child, steps, tree)
