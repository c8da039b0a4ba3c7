"""Reads the configuration that the Pulumi engine hands to the program. The only file here that imports pulumi."""

import json
from functools import partial
from typing import TYPE_CHECKING

from settings.keys import NAMESPACE, Entry, gather
from settings.models import SECRET_NAMES
from settings.parse import StackInput
from settings.paths import join
from settings.secrecy import SEALED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pulumi


def read() -> StackInput:
    """What the engine has for this stack; raises nothing. Values of secrets are not in it: only the names of the
    models that have an API key are looked at."""
    import pulumi  # noqa: PLC0415  the command line reads files and never imports pulumi
    from pulumi.runtime import config as store  # noqa: PLC0415

    values = store.CONFIG.get() or store.get_config_env()
    sealed = set(store.get_config_secret_keys_env())
    entries = [_entry(key, value, key in sealed or store.is_config_secret(key)) for key, value in values.items()]
    return gather(entries, pulumi.get_project(), pulumi.get_stack())


def _entry(key: str, value: object, sealed: bool) -> Entry:
    if not sealed:
        return Entry(key, value, sealed)
    if key != f"{NAMESPACE}:apiKeys":
        return Entry(key, None, sealed)
    return Entry(key, _names_only(value), sealed)


def _names_only(text: object) -> dict[str, object] | None:
    """The models that a sealed object has keys for, without the keys; None where it is no such object."""
    try:
        keys = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(keys, dict):
        return None
    return {model: dict(SEALED) if isinstance(key, str) and key else [] for model, key in keys.items()}


def secret_inputs() -> "dict[str, pulumi.Output[str]]":
    """The secrets that are set, sealed: ``hfToken``, ``databaseUrl``, …, and ``apiKeys.<model>`` per model."""
    import pulumi  # noqa: PLC0415

    config = pulumi.Config(NAMESPACE)
    found: dict[str, pulumi.Output[str]] = {
        name: config.require_secret(name) for name in SECRET_NAMES if name != "apiKeys" and config.get(name)
    }
    names = _names_only(config.get("apiKeys"))
    if names:
        keys = config.require_secret_object("apiKeys")
        found |= {join(("apiKeys", model)): keys.apply(partial(_key_of, model)) for model in names}
    return found


def _key_of(model: str, keys: "Mapping[str, str]") -> str:
    return keys[model]
