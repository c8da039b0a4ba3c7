"""How the provider of Kubernetes writes inputs before it keeps and compares them, and what it sees of a live object.

From provider/pkg/provider/{provider,util}.go and provider/pkg/clients/unstructured.go of pulumi-kubernetes 9497796. Of
Kubernetes' own kinds it goes through Go's types, which leave empty maps and lists out and write quantities in one form.
"""

import base64
import re
from collections.abc import Mapping

from rehearsal.kind import is_object
from rehearsal.pulumi_engine import schema
from rehearsal.pulumi_engine.rules import Rules
from rehearsal.registration import Secret, Unknown, leaves, reveal
from rehearsal.wire import holds_secret

MEANT = frozenset({"emptyDir", "podSelector", "namespaceSelector"})
"""Keys of Kubernetes' own kinds under which an empty map says something: a selector of everything, a folder of any
size."""
_SEALED = "kubernetes:core/v1:Secret"
_READ_ONLY = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
_AMOUNTS = frozenset({"requests", "limits", "capacity", "hard"})
"""Keys with quantities below them."""
_UNITS = ("Ki", "Mi", "Gi", "Ti", "Pi")

Properties = Mapping[str, object]


def checked(type_: str, inputs: Properties) -> dict[str, object]:
    """The inputs as they are kept (`Check`): written in one form where all of them are known, secret where they were,
    of a Secret wherever its data are (`annotateSecrets`)."""
    if not is_object(type_) or holds_unknown(inputs):
        return dict(inputs)
    plain = normal(type_, {key: reveal(value) for key, value in inputs.items()})
    sealed = _sealed(plain, inputs)
    if type_ == _SEALED:
        sealed |= {key: Secret(plain[key]) for key in ("data", "stringData") if key in plain}
    return sealed


def normal(type_: str, inputs: Properties) -> dict[str, object]:
    """Inputs without secrets in the provider's one form (`normalizeInputs`). Custom resources stay as they are."""
    found = dict(inputs)
    if type_ in schema.types() and not holds_unknown(inputs):
        found = _written(_with_data(found) if type_ == _SEALED else found)
    metadata = found.get("metadata")
    if isinstance(metadata, Mapping):
        found["metadata"] = {key: value for key, value in metadata.items() if key not in _READ_ONLY}
    return found


def compared(
    type_: str, state: Properties, old: Properties, new: Properties, rules: Rules
) -> tuple[dict[str, object], dict[str, object]]:
    """What a difference is looked for in: the state as far as the `old` inputs reach into it, and the `new` inputs.

    `state` is what the API server answered last; of a cloud resource it counts for what is read back alone.
    """
    if not is_object(type_):
        return {**old, **{key: state[key] for (key,) in rules.reads if key in state}}, dict(new)
    live = _mapping(pruned(kept(type_, state, rewrites=rules.rewrites), normal(type_, old)))
    wanted = normal(type_, new)
    there, here = _mapping(live.get("metadata")), _mapping(wanted.get("metadata"))
    if there.get("namespace", "default") == here.get("namespace", "default"):
        live["metadata"], wanted["metadata"] = ({k: v for k, v in m.items() if k != "namespace"} for m in (there, here))
    return live, wanted


def kept(type_: str, sent: Properties, *, rewrites: bool = False) -> dict[str, object]:
    """An object as the API server keeps it: of a custom resource no map or list of its metadata is empty, and all else
    as it was sent unless a webhook `rewrites` it."""
    metadata = {key: value for key, value in _mapping(sent.get("metadata")).items() if value not in ({}, [])}
    found = {**sent, "metadata": metadata}
    return _written(found) if rewrites or type_ in schema.types() else found


def pruned(live: object, shape: object) -> object:
    """Of a live value the parts that the inputs have (`pruneLiveState`)."""
    if isinstance(live, Mapping) and isinstance(shape, Mapping):
        return {key: pruned(value, shape[key]) for key, value in live.items() if key in shape}
    if isinstance(live, list) and isinstance(shape, list) and live and shape and type(live[0]) is type(shape[0]):
        return [pruned(one, other) for one, other in zip(live, shape, strict=False)]
    return [] if isinstance(live, list) and not shape else live


def canonical(quantity: str) -> str:
    """A quantity as the API server writes it: ``18`` for ``18000m``, ``20Ti`` for ``20480Gi``."""
    found = re.fullmatch(r"([1-9]\d*)(m|[KMGTP]i)", quantity)
    if found is None:
        return quantity
    number, unit = int(found[1]), found[2]
    if unit == "m":
        return quantity if number % 1000 else str(number // 1000)
    place = _UNITS.index(unit)
    while number % 1024 == 0 and place + 1 < len(_UNITS):
        number, place = number // 1024, place + 1
    return f"{number}{_UNITS[place]}"


def holds_unknown(value: object) -> bool:
    """Whether the value is unknown or has a part that is."""
    return any(isinstance(leaf, Unknown) for leaf, _ in leaves(value))


def _mapping(value: object) -> dict[str, object]:
    return dict(value) if isinstance(value, Mapping) else {}


def _written(values: Properties) -> dict[str, object]:
    # An empty `value` of a variable, taint or toleration is left out too (`omitempty` in k8s.io/api/core/v1/types.go).
    return {
        key: _part(value, key)
        for key, value in values.items()
        if value is not None and (value not in ({}, []) or key in MEANT) and (key, value) != ("value", "")
    }


def _part(value: object, key: str) -> object:
    if isinstance(value, Mapping):
        amounts = {name: canonical(str(each)) for name, each in value.items()} if key in _AMOUNTS else None
        return amounts or _written(value)
    if isinstance(value, list):
        return [_part(each, "") for each in value]
    return canonical(value) if key == "sizeLimit" and isinstance(value, str) else value


def _with_data(secret: dict[str, object]) -> dict[str, object]:
    """A Secret whose texts stand among its data, as the API server has them (`normalizeSecret`)."""
    texts = _mapping(secret.get("stringData"))
    if not texts:
        return secret
    encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in texts.items()}
    rest = {key: value for key, value in secret.items() if key != "stringData"}
    return {**rest, "data": {**_mapping(secret.get("data")), **encoded}}


def _sealed(plain: Properties, given: Properties) -> dict[str, object]:
    """The values, secret where the given ones are: a whole list where a part of it is."""
    return {key: _sealed_value(value, given.get(key)) for key, value in plain.items()}


def _sealed_value(value: object, given: object) -> object:
    if isinstance(value, Mapping) and isinstance(given, Mapping):
        return _sealed(value, given)
    return Secret(value) if holds_secret(given) else value
