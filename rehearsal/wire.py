"""Properties as they travel between the program, the engine and the providers: protobuf to plain data and back."""

from collections.abc import Collection, Mapping

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

from rehearsal.registration import Secret, Unknown

_SIGNATURE = rpc._special_sig_key  # noqa: SLF001  the wire format's own constants; the SDK has no public name for them
_SECRET = rpc._special_secret_sig  # noqa: SLF001
_REFERENCE = rpc._special_resource_sig  # noqa: SLF001
_UNKNOWNS = frozenset(
    (
        rpc.UNKNOWN,
        # What the engine writes where it knows the type of what it does not know (sdk/go/common/resource/plugin/rpc.go
        # of pulumi/pulumi): a truth value, a number, a list, an object.
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    )
)


def decode(given: struct_pb2.Struct) -> dict[str, object]:
    """The properties in a message. Raises `ValueError` for an asset or an archive."""
    plain = json_format.MessageToDict(given)
    # Protobuf's maps have no order; sorted keys make two runs write the same files.
    return {key: _decoded(plain[key]) for key in sorted(plain)}


def _decoded(value: object) -> object:
    if isinstance(value, list):
        return [_decoded(part) for part in value]
    if isinstance(value, dict):
        return _object(value)
    if isinstance(value, float):
        # Protobuf knows one kind of number; whole ones were integers in the program.
        return int(value) if value.is_integer() else value
    return Unknown() if isinstance(value, str) and value in _UNKNOWNS else value


def _object(value: Mapping[str, object]) -> object:
    signature = value.get(_SIGNATURE)
    if signature is None:
        return {key: _decoded(value[key]) for key in sorted(value)}
    if signature == _SECRET:
        return Secret(_decoded(value["value"]))
    if signature == _REFERENCE:
        return value.get("id") or value["urn"]
    raise ValueError("assets and archives are not simulated")


def holds_secret(value: object) -> bool:
    """Whether the value is secret or has a part that is."""
    if isinstance(value, Secret):
        return True
    if isinstance(value, Mapping):
        return any(holds_secret(part) for part in value.values())
    return isinstance(value, list) and any(holds_secret(part) for part in value)


def encode(values: Mapping[str, object], secret: Collection[str] = ()) -> struct_pb2.Struct:
    """Properties as a message, without those that are None; the ones named in `secret` are marked so."""
    written = {
        key: _written(Secret(value) if key in secret else value) for key, value in values.items() if value is not None
    }
    return json_format.ParseDict(written, struct_pb2.Struct())


def _written(value: object) -> object:
    """Secrets and unknowns as the wire format writes them; anything else as it is."""
    if isinstance(value, Secret):
        return {_SIGNATURE: _SECRET, "value": _written(value.value)}
    if isinstance(value, Mapping):
        return {key: _written(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_written(part) for part in value]
    return rpc.UNKNOWN if isinstance(value, Unknown) else value
