"""Writes `rehearsal/pulumi_engine/schema.json`: what the resource classes of the SDKs take and give. Run `python -m
tests.engine.introspect` after an SDK or the simulated cloud has changed; a test holds the file current.

A property's shape is ``str``, ``int``, ``float``, ``bool`` or ``any``; ``[…]`` is a list, ``{…}`` an object with any
keys and ``@Name`` an object of the table `objects`. A trailing ``!`` means required.
"""

import json
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from inspect import Parameter, isclass, signature

import pulumi
from pulumi import _types as sdk

from rehearsal.pulumi_engine.schema import FILE
from rehearsal.simulated import tencentcloud

_KUBERNETES = (
    "admissionregistration.v1",
    "apiextensions.v1",
    "apps.v1",
    "autoscaling.v2",
    "batch.v1",
    "core.v1",
    "helm.v3",
    "networking.v1",
    "policy.v1",
    "rbac.v1",
    "scheduling.v1",
    "storage.v1",
)
_SCALARS: Mapping[object, str] = {str: "str", int: "int", float: "float", bool: "bool"}


def schema() -> dict[str, dict[str, object]]:
    """Resource types with their inputs and outputs, and the objects that inputs are made of."""
    objects: dict[str, dict[str, str]] = {}
    resources: dict[str, dict[str, object]] = {}
    for package, cls in _classes():
        shapes = _of_kubernetes(cls) if package == "kubernetes" else _properties(_arguments(cls), objects)
        outputs = sorted(sdk.resource_types(cls))
        resources[str(vars(cls)["pulumi_type"])] = {"inputs": shapes, "outputs": outputs}
    return {"resources": {**dict(sorted(resources.items()))}, "objects": {**dict(sorted(objects.items()))}}


def _classes() -> Iterator[tuple[str, type]]:
    for type_ in sorted(tencentcloud.TYPES):
        _, module, name = type_.split(":")
        yield "tencentcloud", getattr(import_module(f"tencentcloud_iac_pulumi.{module.split('/')[0].lower()}"), name)
    for module in ("pulumi_random", *(f"pulumi_kubernetes.{each}" for each in _KUBERNETES)):
        loaded = import_module(module)
        # The SDK fills a module when somebody asks for what is not there yet; until then it looks empty.
        getattr(loaded, "filled", None)
        for _, cls in sorted(vars(loaded).items()):
            if isclass(cls) and _is_resource(cls):
                yield "kubernetes" if "kubernetes" in module else "random", cls


def _is_resource(cls: type) -> bool:
    return issubclass(cls, pulumi.CustomResource) and not cls.__name__.endswith(("Patch", "List"))


def _arguments(cls: type) -> type:
    return getattr(import_module(cls.__module__), f"{cls.__name__}Args")


def _of_kubernetes(cls: type) -> dict[str, str]:
    """Top level only: the API server knows the rest far better, and `rehearsal.control_plane` runs a real one."""
    # Some inputs never come back: the SDK itself sends `compat` with each Release of Helm.
    arguments = getattr(import_module(cls.__module__), f"{cls.__name__}Args", None)
    sent = {} if arguments is None else sdk.input_type_types(arguments)
    return {name: "any" for name in sorted({*sdk.resource_types(cls), *sent}) if name != "status"}


def _properties(cls: type, objects: dict[str, dict[str, str]]) -> dict[str, str]:
    names = sdk.input_type_py_to_pulumi_names(cls)
    required = {
        names[parameter.name]
        for parameter in signature(cls).parameters.values()
        if parameter.default is Parameter.empty and parameter.name in names
    }
    shapes = sdk.input_type_types(cls)
    return {name: _shape(shapes[name], objects) + ("!" if name in required else "") for name in sorted(shapes)}


def _shape(given: object, objects: dict[str, dict[str, str]]) -> str:
    origin, parts = typing.get_origin(given), typing.get_args(given)
    if origin in (typing.Union, types.UnionType):
        return _shape(parts[0], objects)
    if origin in (Sequence, list):
        return f"[{_shape(parts[0], objects)}]"
    if origin in (Mapping, dict):
        return f"{{{_shape(parts[1], objects)}}}"
    if isclass(given) and sdk.is_input_type(given):
        name = f"{given.__module__.split('.')[1]}.{given.__name__}"
        if name not in objects:
            objects[name] = {}
            objects[name].update(_properties(given, objects))
        return f"@{name}"
    return _SCALARS.get(given, "any")


def text() -> str:
    """The file: one line for each type."""
    tables = (
        f"{json.dumps(table)}: {{\n"
        + ",\n".join(f" {json.dumps(key)}: {json.dumps(row)}" for key, row in rows.items())
        + "\n}"
        for table, rows in schema().items()
    )
    return "{\n" + ",\n".join(tables) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
