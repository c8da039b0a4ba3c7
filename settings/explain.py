"""From what pydantic found wrong to a `Diagnostic`: where, what was given, what is allowed, the nearest fix."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from ipaddress import IPv4Network, ip_network
from typing import Any, Literal

from settings import codes
from settings.describe import ValueKind, fields_of, in_words, kind_at, kind_of
from settings.diagnostics import Diagnostic, Fix
from settings.paths import Step, child, has, join
from settings.secrecy import HIDDEN, holds_secret
from settings.stack import SECRET_NAMES, SECTION_NAMES
from settings.suggest import closest
from settings.translation import tr

_LONGEST = 60
_LONGEST_KEYS = 45
_LONGEST_BENT = 1024
_WRONG_TYPE = re.compile(r"(_type|_parsing|_from_float|is_instance_of|_attributes_type)$")
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def shown(value: object, name: object = "") -> str:
    """A value as a message may show it: short, on one line, and never one that may be a secret."""
    if holds_secret(value, name):
        return HIDDEN
    if isinstance(value, dict):
        keys = _cut(", ".join(repr(key)[1:-1] for key in value), _LONGEST_KEYS)
        text = tr("an object with {keys}", keys=keys) if keys else tr("an empty object")
    elif isinstance(value, list):
        text = tr("a list of {count}", count=len(value)) if value else tr("an empty list")
    elif isinstance(value, int) and value.bit_length() > 128:
        text = tr("a number of very many digits")
    elif value is None or isinstance(value, bool):
        text = {None: tr("nothing"), True: "true", False: "false"}[value]
    elif isinstance(value, str):
        text = _cut("'" + repr(value)[1:-1], _LONGEST) + "'"
    else:
        text = tr("the date {value}", value=value) if isinstance(value, date) else tr("the number {value}", value=value)
    return text


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def explain(error: Mapping[str, Any], sections: Mapping[str, object]) -> tuple[tuple[Step, ...], Diagnostic]:
    """One of pydantic's findings as the place to take out and the diagnostic.

    The place is the nearest one that stands in the file: ``nodes: 0`` is short for ``nodes: {min: 0, max: 0}``, and
    the finding about ``max`` is said of ``nodes``.
    """
    loc: tuple[Step, ...] = tuple(error["loc"])
    kind = kind_at(loc)
    named = loc[-1] == "[key]"
    if named:
        loc = loc[:-1]
    steps, value, parent = _in_file(loc, sections)
    path = join(steps)
    if error["type"] == "extra_forbidden":
        return steps, _unknown_key(steps, value)
    if error["type"] == "missing" and len(steps) >= len(loc) - 1:
        return steps[: len(loc) - 1], _missing(loc)
    if error["type"] == "value_error" and kind is not None and kind.is_section:
        return steps, _broken_rule(path, value, *error["ctx"]["error"].args)
    if not named and len(steps) < len(loc):
        whole = kind_at(steps)
        kind = whole.plain if whole and whole.plain else kind
    allowed = in_words(kind) if kind else ""
    given = shown(loc[-1] if named else value, steps[-1])
    if named:
        name = _bent(str(loc[-1]), kind)
        near = name if name and isinstance(parent, dict) and name not in parent else None
        fix = () if near is None or holds_secret(value) else ((path, None), (join((*steps[:-1], near)), value))
        last, holder = join((steps[-1],)), join(steps[:-1])
        case = codes.name_not_allowed(name=last, holder=holder, allowed=allowed, given=given, near=near, fix=fix)
        return steps, codes.impossible_value(path, case)
    code = codes.wrong_type if _is_wrong_type(error["type"], kind, value) else codes.impossible_value
    mend, better, fix = _mend(steps, kind, value)
    case = codes.value_not_allowed(
        path=path, key=steps[-1], allowed=allowed, given=given, mend=mend, better=better, fix=fix
    )
    return steps, code(path, case)


def _in_file(loc: Sequence[Step], tree: object) -> tuple[tuple[Step, ...], object, object]:
    """The longest part of a place that stands in the file, what stands there, and what holds it."""
    parent: object = None
    for depth, step in enumerate(loc):
        if not has(tree, step):
            return tuple(loc[:depth]), tree, parent
        parent, tree = tree, child(tree, step)
    return tuple(loc), tree, parent


def _unknown_key(steps: tuple[Step, ...], value: object) -> Diagnostic:
    holder = kind_at(steps[:-1])
    known = tuple(fields_of(holder.core)) if holder is not None and holder.is_section else ()
    near, fix = _near(steps, known, value)
    key = str(steps[-1])
    case = codes.no_key_of(key=key, holder=join(steps[:-1]), near=near, given=shown(key), known=known, fix=fix)
    return codes.unknown_key(join(steps), case)


def unknown_section(name: str, value: object) -> Diagnostic:
    """A key below ``tke-llm:`` that is neither a section nor a secret."""
    section = re.split(r"[.\[]", name, maxsplit=1)[0]
    if section != name and section in SECTION_NAMES:
        return codes.unknown_key(join((name,)), codes.path_as_section(path=name))
    known = (*SECTION_NAMES, *SECRET_NAMES)
    near, fix = _near((name,), known, value)
    return codes.unknown_key(
        join((name,)), codes.no_section(key=name, near=near, given=shown(name), known=known, fix=fix)
    )


def _near(steps: tuple[Step, ...], known: tuple[str, ...], value: object) -> tuple[str | None, Fix]:
    """The key that was probably meant, and the change that puts the value there."""
    key = str(steps[-1])
    near = closest(key, known)
    if near is None or near in SECRET_NAMES or value is None or holds_secret(value, key):
        return near, ()
    return near, ((join(steps), None), (join((*steps[:-1], near)), value))


def _missing(loc: tuple[Step, ...]) -> Diagnostic:
    path, kind = join(loc), kind_at(loc)
    allowed = in_words(kind) if kind else ""
    return codes.missing_key(path, path=path, allowed=allowed, top=len(loc) == 1)


def _broken_rule(path: str, value: object, rule: str, remedy: str = "") -> Diagnostic:
    """A rule between the keys of one object, and how to keep it."""
    given = shown(value)
    least, most = (value.get("min"), value.get("max")) if isinstance(value, dict) else (None, None)
    if isinstance(least, int) and (most is None or isinstance(most, int)):
        case = codes.least_above_most(path=path, rule=rule, given=given, least=least)
    else:
        case = codes.keys_disagree(path=path, rule=rule, remedy=remedy, given=given)
    return codes.impossible_value(path, case)


def _is_wrong_type(error_type: str, kind: ValueKind | None, value: object) -> bool:
    if error_type in ("too_short", "too_long"):
        return False
    if kind is not None and kind.core is Literal:
        return all(type(choice) is not type(value) for choice in kind.args)
    return value is None or isinstance(value, bool | dict | list | date) or bool(_WRONG_TYPE.search(error_type))


def _mend(steps: tuple[Step, ...], kind: ValueKind | None, value: object) -> tuple[codes.Mend, str, Fix]:
    """How to mend a value: the way, what to write where that is known, and the same as data where one value does it."""
    if holds_secret(value, steps[-1]):
        return "", "", ()
    better = _mended(kind, value) if kind else None
    if isinstance(value, float) and kind is not None and kind.core is str:
        return "quote number", str(value), ()
    if isinstance(value, date) and kind is not None and kind.core is str:
        return "quote date", str(value), ()
    if better is not None:
        return "write", _as_yaml(better), ((join(steps), better),)
    return ("remove", "", ((join(steps), None),)) if value is None else ("", "", ())


def _as_yaml(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_as_yaml(entry) for entry in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    bare = isinstance(value, str) and not re.fullmatch(r"[-+.\d]*|true|false|null", text)
    return text if bare or not isinstance(value, str) else f'"{text}"'


def _mended(kind: ValueKind, value: object) -> object:
    """The allowed value nearest to one that is not, or None where there is no telling."""
    kind = kind.plain or kind
    menders = {
        Literal: lambda: _nearest_choice(kind.args, value),
        bool: lambda: _BOOLEANS.get(str(value).lower()),
        int: lambda: _nearest_number(kind, value),
        float: lambda: _nearest_number(kind, value),
        str: lambda: _nearest_text(kind, value),
        tuple: lambda: _as_list(kind_of(kind.args[0]), value),
        IPv4Network: lambda: _as_range(value),
    }
    mender = menders.get(kind.core)
    return mender() if mender else None


def _nearest_text(kind: ValueKind, value: object) -> str | None:
    if isinstance(value, bool | int):
        value = str(value).lower() if abs(value) < 10**18 else ""
        return value if _fits(value, kind) else None
    return _bent(value, kind) if isinstance(value, str) else None


def _as_list(entry: ValueKind, value: object) -> list[object] | None:
    """One value where a list is asked for is a list of one."""
    if value is None or isinstance(value, dict | list):
        return None
    if entry.core is str and isinstance(value, str) and _fits(value, entry):
        return [value]
    mended = _mended(entry, value)
    return None if mended is None else [mended]


def _nearest_choice(choices: tuple[Any, ...], value: object) -> object:
    if isinstance(choices[0], int):
        number = _number(value)
        return None if number is None else min(choices, key=lambda choice: abs(choice - number))
    return closest(value, choices) if isinstance(value, str) else None


def _nearest_number(kind: ValueKind, value: object) -> int | float | None:
    number = _number(value)
    if number is None:
        return None
    limits = kind.limits
    if kind.core is not float:
        number = int(number)
        step = limits.get("multiple_of", 1)
        number = -(-number // step) * step
    number = max(number, limits.get("ge", number))
    if "gt" in limits and number <= limits["gt"]:
        return None
    return min(number, limits.get("le", number))


def _number(value: object) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not re.fullmatch(r"[-+]?[0-9]{1,9}(\.[0-9]{1,9})?", value):
        return None
    number = float(value) if isinstance(value, str) and "." in value else value
    number = int(number) if isinstance(number, str) else number
    return number if abs(number) < 1e9 else None


def _fits(text: str, kind: ValueKind) -> bool:
    return len(text) <= kind.limits.get("max_length", len(text)) and bool(
        re.fullmatch(kind.limits.get("pattern", ".+"), text)
    )


def _bent(given: str, kind: ValueKind | None) -> str | None:
    """A text bent to the pattern of its place: what is not allowed replaced, and cut to the length."""
    if kind is None or "bend" not in kind.limits or len(given) > _LONGEST_BENT:
        return None
    longest = kind.limits.get("max_length", 63)
    text = kind.limits["bend"](given)
    text = text if len(text) <= longest else text[:longest].rstrip("-._")
    return text if text and _fits(text, kind) else None


def _as_range(value: object) -> str | None:
    """An address as a range of one, or a range with its host bits cleared."""
    if not isinstance(value, str):
        return None
    try:
        return str(ip_network(value.strip(), strict=False)) if ":" not in value else None
    except ValueError:
        return None
