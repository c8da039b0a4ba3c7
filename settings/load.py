"""Reads the configuration that the Pulumi engine hands to the program. The only file here that imports pulumi."""

import json
from functools import partial
from typing import TYPE_CHECKING

from settings.keys import NAMESPACE, ConfigEntry, gather
from settings.parse import StackInput
from settings.paths import join
from settings.secrecy import SEALED
from settings.stack import SECRET_MAPS, SECRET_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi


def read() -> StackInput:
    """What the engine has for this stack; raises nothing. Values of secrets are not in it: of objects of secrets only
    the names are looked at."""
    import pulumi  # noqa: PLC0415  the command line reads files and never imports pulumi
    from pulumi.runtime import config as store  # noqa: PLC0415

    values = store.CONFIG.get() or store.get_config_env()
    sealed = set(store.get_config_secret_keys_env())
    entries = [_entry(key, value, key in sealed or store.is_config_secret(key)) for key, value in values.items()]
    return gather(entries, pulumi.get_project(), pulumi.get_stack())


def _entry(key: str, value: object, sealed: bool) -> ConfigEntry:
    if not sealed:
        return ConfigEntry(key, value, sealed)
    if key.removeprefix(f"{NAMESPACE}:") not in SECRET_MAPS:
        return ConfigEntry(key, None, sealed)
    return ConfigEntry(key, _names_only(value), sealed)


def _names_only(text: object) -> dict[str, object] | None:
    """The names in a sealed object, without their values; None where it is no such object."""
    try:
        keys = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(keys, dict):
        return None
    return {name: dict(SEALED) if isinstance(value, str) and value else [] for name, value in keys.items()}


def secret_inputs() -> "dict[str, pulumi.Output[str]]":
    """The secrets that are set, sealed: ``hfToken``, ``databaseUrl``, …, and one for each name in an object of secrets
    (``apiKeys.<model>``, ``webuiEnv.<variable>``)."""
    import pulumi  # noqa: PLC0415

    config = pulumi.Config(NAMESPACE)
    found: dict[str, pulumi.Output[str]] = {
        name: config.require_secret(name) for name in SECRET_NAMES if name not in SECRET_MAPS and config.get(name)
    }
    for section in SECRET_MAPS:
        names = _names_only(config.get(section))
        if names:
            values = config.require_secret_object(section)
            found |= {join((section, name)): values.apply(partial(_value_of, name)) for name in names}
    return found


def _value_of(name: str, values: "Mapping[str, str]") -> str:
    return values[name]
