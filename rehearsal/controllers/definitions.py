"""The custom resource definitions that software brings into a cluster, installed when the software is."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from rehearsal.control_plane.api import Api, ApiError
from settings.translation import tr
from tools.binaries import definitions

FOLDERS = {
    "envoy-gateway": ("gateway-api", "envoy-gateway"),
    "keda": ("keda",),
    "lws": ("lws",),
    "kube-prometheus-stack": ("prometheus-operator",),
    "dcgm-exporter": (),
}
"""Software, as in the plan, and the folders of definitions that come with it."""

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_KIND = re.compile(r"^    kind: (\w+)$", re.MULTILINE)
_CONFLICT = 409


class MissingDefinitionsError(Exception):
    """The definitions were never fetched; the message says how to get them."""


class Definitions:
    """Installs definitions, or of `kinds` alone, given as (group, kind): the schemas are large."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._place = definitions()

    def install(self, software: str, kinds: Collection[tuple[str, str]] | None = None) -> tuple[str, ...]:
        """Install what this software defines, of these kinds alone where they are given, and return the names of the
        definitions.

        Raises `MissingDefinitionsError` where some would be needed and were not fetched.
        """
        if kinds is not None and not kinds:
            return ()
        if self._place is None:
            raise MissingDefinitionsError(
                tr("The custom resource definitions are not on this machine yet: run `make control-plane` once.")
            )
        found = {
            name: text
            for folder in FOLDERS[software]
            for name, text in _texts(self._place / folder).items()
            if kinds is None or (name.partition(".")[2], _kind(text)) in kinds
        }
        for text in found.values():
            try:
                self._api.request("POST", _CRDS, text, "application/yaml")
            except ApiError as error:
                if error.status != _CONFLICT:
                    raise
        return tuple(found)

    def established(self, name: str) -> bool:
        """Whether the API server serves the kind."""
        conditions = self._api.get(path_of(name)).get("status", {}).get("conditions") or ()
        return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


def path_of(name: str) -> str:
    """Where the API server has a definition."""
    return f"{_CRDS}/{name}"


def _texts(folder: Path) -> Mapping[str, str]:
    """By the definition's name, ``<plural>.<group>``; files are called ``<group>_<plural>.yaml``."""
    texts = {}
    for file in sorted(folder.glob("*.yaml")):
        group, _, plural = file.stem.partition("_")
        texts[f"{plural}.{group}"] = file.read_text(encoding="utf-8")
    return texts


def _kind(text: str) -> str:
    found = _KIND.search(text)
    return found[1] if found else ""
