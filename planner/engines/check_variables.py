"""The user's own variables of an engine, and what Kubernetes puts in the place of $(NAME)."""

import re
from collections.abc import Iterator

from planner.engines import registry
from planner.engines import variables_codes as codes
from planner.engines.chat_template import inline
from planner.engines.check_flags import Known
from settings.diagnostics import Diagnostic
from settings.models import Model
from settings.paths import within
from settings.suggest import MISSPELT, closest

_REFERENCE = re.compile(r"(?<!\$)(?:\$\$)*\$\(([^)]+)\)")
"""What Kubernetes puts a variable's value for in commands, arguments and variables; ``$$(`` stands for ``$(``."""


def check_variables(section: str, model: Model, known: Known | None, ours: dict[str, str]) -> Iterator[Diagnostic]:
    """What is wrong with `env` of the model described in `section`, and with references to variables. `known` is what
    is recorded of the image, `ours` are the variables that the planner sets."""
    yield from _variables(section, model, ours)
    yield from _references(section, model)
    if known is not None:
        yield from _unknown_variables(section, model, known)


def _variables(section: str, model: Model, ours: dict[str, str]) -> Iterator[Diagnostic]:
    for variable, value in model.env.items():
        path = within(f"{section}.env", variable)
        if variable in registry.reserved():
            yield codes.env_reserved(path, variable=variable, value=value, why=registry.reserved()[variable])
        elif variable in ours and ours[variable] != value:
            refused = variable in registry.find(model.engine).decisive
            code = codes.env_prevents_start if refused else codes.env_override
            yield code(path, variable=variable, value=value, ours=ours[variable])


def _unknown_variables(section: str, model: Model, known: Known) -> Iterator[Diagnostic]:
    """A variable that begins like the engine's own, and that its release does not read."""
    release = known.release
    read_there = release.environment | (known.later.environment if known.later else frozenset())
    for variable, value in model.env.items():
        own = variable.startswith(registry.find(model.engine).variables)
        if not own or variable in read_there or variable in registry.reserved():
            continue
        near = closest(variable, release.environment, MISSPELT)
        yield codes.env_unknown(
            within(f"{section}.env", variable),
            variable=variable,
            value=value,
            release=f"{release.package} {release.version}",
            near=near,
            near_path=within(f"{section}.env", near or ""),
        )


def _references(section: str, model: Model) -> Iterator[Diagnostic]:
    """`$(NAME)` in what Kubernetes expands: it would lay a secret open, or say something else than was written."""
    if model.served_name and _REFERENCE.search(model.served_name):
        yield codes.reference_expanded(f"{section}.servedName", given=model.served_name, literal=None)
    if model.chat_template and inline(model.chat_template) is None and _REFERENCE.search(model.chat_template):
        path = f"{section}.chatTemplate"
        yield codes.reference_expanded(path, given=model.chat_template, literal=_literal(model.chat_template))
    given = [text for text in model.extra_args if _REFERENCE.search(text)]
    if given:
        literal = [_literal(text) for text in model.extra_args]
        yield codes.reference_expanded(f"{section}.extraArgs", given=" ".join(given), literal=literal)
    for name, value in model.env.items():
        if set(_REFERENCE.findall(value)) & registry.key_variables():
            yield codes.reference_expanded(within(f"{section}.env", name), given=value, literal=_literal(value))


def _literal(text: str) -> str:
    return _REFERENCE.sub(lambda found: found[0].replace("$(", "$$("), text)
