"""The rule that no secret stands where others can read it: env, arguments, ConfigMaps, annotations."""

import re
from collections.abc import Iterator, Mapping, Sequence

from policy.pods import Container, pods
from policy.rule import Hidden, Rule, in_kubernetes, items, kind_of, leaves, mapping
from settings.paths import value_at
from settings.secrecy import is_token, looks_secret
from settings.translation import tr

_FLAG = re.compile(r"^--?([A-Za-z][\w-]*)$")
_IN_SHELL = re.compile(r"(?<!\S)--?([A-Za-z][\w-]*)[= ]+[\"']?([^\s\"'$]+)")
"""An option and its value in the text that a shell gets (``sh -c "vllm serve --api-key x"``)."""
_WHERE = tr("move it to a Secret and refer to it with secretKeyRef")


def _clear_text(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    if not in_kubernetes(type_token) or kind_of(type_token) == "Secret":
        return []
    found = [*_marked(properties), *_in_metadata(properties)]
    if kind_of(type_token) == "ConfigMap":
        found += _in_config_map(properties)
    for pod in pods(type_token, properties):
        for container in pod.containers:
            found += [*_in_env(container), *_in_arguments(container)]
    # The value itself is never shown.
    return [tr("{place}: a secret in clear; {where}", place=place, where=_WHERE) for place in dict.fromkeys(found)]


def _marked(properties: Mapping[str, object]) -> Iterator[str]:
    """Values that the program itself marked secret. Kubernetes shows them to all who may read the object."""
    return (path for path, value in leaves(properties) if value is Hidden.SECRET)


def _in_metadata(properties: Mapping[str, object]) -> Iterator[str]:
    for path, value in leaves(properties):
        head, _, key = path.rpartition(".annotations.")
        # By shape alone: the name of an annotation says what it is about, not what it holds.
        if head and isinstance(value, str) and is_token(value, key):
            yield path


def _in_config_map(properties: Mapping[str, object]) -> Iterator[str]:
    for kind in ("data", "binaryData"):
        for key, value in mapping(properties, kind).items():
            if looks_secret(value, key):
                yield f"{kind}.{key}"


def _in_env(container: Container) -> Iterator[str]:
    for variable in items(container.spec, "env"):
        if looks_secret(variable.get("value"), variable.get("name")):
            yield f"{container.path}.env[{variable['name']}]"


def _in_arguments(container: Container) -> Iterator[str]:
    for kind in ("command", "args"):
        arguments = container.spec.get(kind)
        if isinstance(arguments, list | tuple):
            for index in _secret_arguments(arguments):
                yield f"{container.path}.{kind}[{index}]"


def _on_command_line(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    """Every process of a node reads the command lines of the others, and reports of crashes hold them."""
    problems = []
    for pod in pods(type_token, properties):
        for container in pod.containers:
            sealed = [
                str(variable.get("name"))
                for variable in items(container.spec, "env")
                if value_at(variable, "valueFrom", "secretKeyRef") is not None
            ]
            for kind in ("command", "args"):
                arguments = container.spec.get(kind)
                every = arguments if isinstance(arguments, list | tuple) else []
                problems += [
                    tr(
                        "{path}.{kind}[{index}]: {name} is written onto a command line",
                        path=container.path,
                        kind=kind,
                        index=index,
                        name=name,
                    )
                    for index, argument in enumerate(every)
                    for name in sealed
                    if isinstance(argument, str) and _expands(name, argument)
                ]
    return problems


def _expands(name: str, argument: str) -> bool:
    """Whether the kubelet puts a variable into an argument (``$(NAME)``; ``$$`` keeps it as it is), or a shell passes
    it to a program as the value of an option."""
    by_kubelet = any(len(found[1]) % 2 for found in re.finditer(rf"(\$+)\({re.escape(name)}\)", argument))
    by_shell = re.search(rf"--?[A-Za-z][\w-]*[= ]+[\"']?\$\{{?{re.escape(name)}\b", argument)
    return by_kubelet or by_shell is not None


def _secret_arguments(arguments: Sequence[object]) -> Iterator[int]:
    """Places of secrets on a command line: ``--api-key=x``, ``--api-key`` with ``x`` after it, or a token as it is."""
    for index, argument in enumerate(arguments):
        if isinstance(argument, str) and any(looks_secret(each[2], each[1]) for each in _IN_SHELL.finditer(argument)):
            yield index
            continue
        before = arguments[index - 1] if index else None
        flag = _FLAG.match(before) if isinstance(before, str) else None
        if looks_secret(argument, flag[1] if flag else ""):
            yield index


CLEAR_TEXT_RULES = (
    Rule(
        "SECRET_IN_CLEAR",
        tr("Secrets reach pods as secretKeyRef only."),
        _clear_text,
        refused_by=("SECRET_IN_SECTION", "SECRET_IN_ENV", "EXTRA_ARGS_SECRET"),
    ),
    Rule(
        "SECRET_ON_COMMAND_LINE",
        tr("No secret is expanded onto a command line."),
        _on_command_line,
        refused_by=("REFERENCE_EXPANDED",),
    ),
)
