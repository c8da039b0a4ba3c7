"""The words that rules are written in: a resource, a rule over one, a rule over all, and what they find. No pulumi."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from settings.paths import value_at


class Hidden(Enum):
    """Stands in a resource's properties where a value cannot be looked at."""

    SECRET = "marked secret"  # noqa: S105  a description
    UNKNOWN = "not known before the resource exists"


@dataclass(frozen=True)
class Resource:
    """One registration. `type` is Pulumi's type token; `properties` hold JSON values in camelCase, with `Hidden` for
    leaves that are secret or not known yet. `references` maps a property to the URNs of what its value comes from."""

    type: str
    name: str
    properties: Mapping[str, object]
    urn: str = ""
    references: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The last part of the type token: ``Deployment``, ``NodePool``."""
        return kind_of(self.type)


@dataclass(frozen=True)
class Violation:
    """A rule that a resource breaks, and how. `forced`: the user took it upon himself, by the code of the diagnostic
    that refuses it in the stack file."""

    code: str
    resource: str
    type: str
    message: str
    forced: bool = False


@dataclass(frozen=True)
class Rule:
    """A rule that one resource alone keeps or breaks. `check` takes type token, name and properties, and returns what
    is wrong, one sentence each. `refused_by`: the diagnostics that refuse settings which would break it; none where no
    setting can."""

    code: str
    description: str
    check: Callable[[str, str, Mapping[str, object]], list[str]]
    refused_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class StackRule:
    """A rule that takes several resources to judge. `check` takes all of them, and returns the one to blame with what
    is wrong. `refused_by` is a `Rule`'s."""

    code: str
    description: str
    check: Callable[[Sequence[Resource]], list[tuple[Resource, str]]]
    refused_by: tuple[str, ...] = ()


def kind_of(type_token: str) -> str:
    """``Deployment`` of ``kubernetes:apps/v1:Deployment``."""
    return type_token.rpartition(":")[2]


def in_kubernetes(type_token: str) -> bool:
    """Whether this is an object of the Kubernetes API; not a Helm release, whose objects its chart makes."""
    return type_token.startswith("kubernetes:") and not type_token.startswith("kubernetes:helm.sh/")


def mapping(value: object, *path: str) -> Mapping[str, object]:
    """The object below a path of keys; empty where there is none."""
    found = value_at(value, *path)
    return found if isinstance(found, Mapping) else {}


def items(value: object, *path: str) -> list[Mapping[str, object]]:
    """The objects of the list below a path of keys."""
    found = value_at(value, *path)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list | tuple) else []


def texts(value: object) -> list[str]:
    """The texts of a list; none where it is no list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list | tuple) else []


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value that is no list and no object, with its path (``spec.ports[0].port``)."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from leaves(part, f"{path}[{index}]")
    else:
        yield path, value
