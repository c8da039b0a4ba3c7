"""From configuration keys to a `StackInput`: what both readers share, so that they cannot disagree.

The engine hands every value over as text (objects as JSON, scalars as they are written); the file reader has values.
Both go through `decode`, by the section's type.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NoReturn

from settings import codes, reading_codes, secrecy, secrecy_codes
from settings.describe import field_kind, fields_of
from settings.diagnostics import Diagnostic
from settings.parse import StackInput
from settings.paths import join
from settings.stack import SECRET_MAPS, SECRET_NAMES, Settings
from settings.suggest import closest

NAMESPACE = "tke-llm"
_PROVIDER = "tencentcloud"
_OTHERS = frozenset({_PROVIDER, "kubernetes", "pulumi", "random"})
_PROVIDER_SECRETS = ("secretId", "secretKey", "securityToken")


@dataclass(frozen=True)
class ConfigEntry:
    """One configuration value: its full key (``tke-llm:models``), the value, and whether all of it is sealed."""

    key: str
    value: object
    sealed: bool


def engine_text(value: object) -> str:
    """How the engine writes a scalar of the stack file into the text that a program receives."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def decode(section: str, value: object) -> object:
    """A section's value from the text or the value that a reader has: text stays text where the section is text, and
    is read as JSON elsewhere. An empty value is None."""
    if isinstance(value, dict | list):
        return _sorted(value)
    text = engine_text(value)
    info = fields_of(Settings).get(section)
    core = field_kind(info).core if info else object
    if core in (str, Literal):
        return text or None
    try:
        return _sorted(json.loads(text, parse_constant=_no_number)) if text else None
    except (ValueError, RecursionError):
        return text


def _sorted(value: object) -> object:
    """The value with the keys of its objects in order. The engine hands them over like that, so the order in the file
    must not matter: pools and models come by name."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(entry) for entry in value] if isinstance(value, list) else value


def whole(number: float) -> float | int:
    """A number as JSON gives it back: ``2.0`` is written ``2``."""
    return int(number) if math.isfinite(number) and number.is_integer() and abs(number) < 1e21 else number


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def gather(entries: Iterable[ConfigEntry], project: str, stack: str) -> StackInput:
    """Sort configuration values into sections, secrets and the provider's region."""
    found = _Found(project)
    for entry in sorted(entries, key=lambda entry: entry.key):
        found.take(entry)
    if not found.any_of_ours and not found.problems:
        found.problems.append(reading_codes.empty_stack_file("config", file=None))
    return StackInput(project, stack, found.region, found.sections, found.secrets, tuple(found.problems))


class _Found:
    def __init__(self, project: str) -> None:
        self.project = project
        self.region: str | None = None
        self.sections: dict[str, object] = {}
        self.secrets: dict[str, bool] = {}
        self.problems: list[Diagnostic] = []
        self.any_of_ours = False

    def take(self, entry: ConfigEntry) -> None:
        namespace, _, name = entry.key.replace(":config:", ":", 1).rpartition(":")
        namespace = namespace or self.project
        if namespace == NAMESPACE:
            self.any_of_ours = True
            self._ours(name, entry)
        elif namespace == _PROVIDER:
            self._provider(name, entry)
        elif namespace not in _OTHERS and (namespace == self.project or closest(namespace, (NAMESPACE,))):
            self.any_of_ours = True
            self._misspelt(namespace, name, entry)

    def _ours(self, name: str, entry: ConfigEntry) -> None:
        if name in SECRET_NAMES:
            self._secret(name, entry)
        else:
            self.sections[name] = dict(secrecy.SEALED) if entry.sealed else decode(name, entry.value)

    def _provider(self, name: str, entry: ConfigEntry) -> None:
        path = f"{_PROVIDER}:{name}"
        if name == "region":
            if entry.sealed or isinstance(entry.value, dict | list) or str(entry.value)[:1] in ("{", "["):
                self.problems.append(codes.wrong_type(path, codes.region_of_no_text(path=path)))
            else:
                self.region = engine_text(entry.value) or None
        elif name in _PROVIDER_SECRETS and not entry.sealed:
            self.problems.append(secrecy_codes.secret_in_clear(path, secrecy_codes.provider_secret(path=path)))

    def _misspelt(self, namespace: str, name: str, entry: ConfigEntry) -> None:
        wrong, right = f"{namespace}:{name}", f"{NAMESPACE}:{name}"
        value = None if entry.sealed or name in SECRET_NAMES else decode(name, entry.value)
        fix = () if value is None or secrecy.holds_secret(value, name) else ((wrong, None), (name, value))
        self.problems.append(codes.unknown_key(wrong, codes.wrong_namespace(given=wrong, right=right, fix=fix)))

    def _secret(self, name: str, entry: ConfigEntry) -> None:
        value = entry.value
        if name not in SECRET_MAPS:
            if entry.sealed or engine_text(value):
                self.secrets[name] = entry.sealed
            else:
                self._empty(name)
            return
        if isinstance(value, str) and not entry.sealed:
            value = decode(name, value)
        if isinstance(value, dict) and not secrecy.is_sealed(value):
            for key, secret in value.items():
                self._one_of(name, key, secret)
            if not value:
                self._empty(name)
        elif entry.sealed and value is not None:
            self.secrets[name] = True
        else:
            kind = SECRET_MAPS[name]
            command = secrecy.command(f"{name}.<{kind}>")
            self.problems.append(
                codes.wrong_type(name, codes.one_secret_for_all(name=name, kind=kind, command=command))
            )

    def _one_of(self, name: str, key: str, secret: object) -> None:
        path = join((name, key))
        self.secrets[name] = True
        if secrecy.is_sealed(secret):
            self.secrets[path] = True
        elif isinstance(secret, dict | list):
            case = codes.secret_of_many_values(path=path, command=secrecy.command(path))
            self.problems.append(codes.wrong_type(path, case))
        elif engine_text(secret):
            self.secrets[path] = False
        else:
            self._empty(path)

    def _empty(self, name: str) -> None:
        case = codes.empty_secret(name=name, command=secrecy.command(name))
        self.problems.append(codes.impossible_value(name, case))
