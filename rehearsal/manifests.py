"""The Kubernetes objects that the program makes, as files for ``kubectl apply -f``."""

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml

from rehearsal.kinds import KINDS, find
from rehearsal.registration import MASK, Registration, depths, mask

_TOP = ("apiVersion", "kind", "metadata", "type", "spec")


@dataclass(frozen=True)
class Manifest:
    """One object: the name of its file and what stands in it, secrets masked. `urn` is that of its resource."""

    urn: str
    file: str
    kind: str
    name: str
    content: Mapping[str, object]

    @property
    def text(self) -> str:
        return as_yaml(self.content)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def as_yaml(value: object) -> str:
    """A document as people write YAML."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def manifests(registrations: Iterable[Registration]) -> tuple[Manifest, ...]:
    """The objects in an order in which they can be applied: dependencies first, then by kind and name.

    `registrations` come dependencies first. Helm releases have no manifest: their chart's objects are not known here.
    """
    every = tuple(registrations)
    found = [each for each in every if is_object(each)]
    depth = depths({each.urn: each.waits_for for each in every}, {each.urn for each in found})
    places = {token: place for place, token in enumerate(KINDS)}
    objects = sorted(
        found,
        key=lambda each: (depth[each.urn], places[each.type], _name(each)),
    )
    width = len(str(len(objects)))
    return tuple(
        Manifest(
            urn=each.urn,
            file=f"{place:0{max(2, width)}d}-{_kind(each).lower()}-{_name(each)}.yaml",
            kind=_kind(each),
            name=_name(each),
            content=_content(each),
        )
        for place, each in enumerate(objects, start=1)
    )


def is_object(registration: Registration) -> bool:
    """Whether this is an object of the Kubernetes API (and no provider, component or Helm release)."""
    return find(registration.type).api_version is not None and not registration.read


def _kind(registration: Registration) -> str:
    return str(registration.inputs["kind"])


def _name(registration: Registration) -> str:
    metadata = registration.outputs.get("metadata")
    return str(metadata["name"]) if isinstance(metadata, Mapping) else registration.name


def _content(registration: Registration) -> dict[str, object]:
    inputs = registration.inputs
    content = {key: inputs[key] for key in (*_TOP, *(key for key in inputs if key not in _TOP)) if key in inputs}
    if _kind(registration) == "Secret":
        # All of a Secret is hidden, whether or not the program marked it.
        for key, hidden in (("stringData", MASK), ("data", base64.b64encode(MASK.encode()).decode())):
            if key in content:
                content[key] = dict.fromkeys(_keys(content[key]), hidden)
    content["metadata"] = _metadata(registration)
    return {key: mask(value) for key, value in content.items()}


def _keys(value: object) -> list[str]:
    shown = mask(value)
    return list(shown) if isinstance(shown, Mapping) else []


def _metadata(registration: Registration) -> dict[str, object]:
    given = registration.inputs.get("metadata")
    metadata = {"name": _name(registration), **(dict(given) if isinstance(given, Mapping) else {})}
    annotations = metadata.pop("annotations", None)
    if isinstance(annotations, Mapping):
        # pulumi.com/* tells Pulumi's provider how to wait; it says nothing to Kubernetes.
        kept = {key: value for key, value in annotations.items() if not str(key).startswith("pulumi.com/")}
        metadata |= {"annotations": kept} if kept else {}
    return metadata
