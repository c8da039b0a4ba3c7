"""Properties as they travel between the program, the engine and the providers: protobuf to plain data and back."""

from collections.abc import Callable, Collection, Mapping

from google.protobuf import struct_pb2
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
    # Protobuf's maps have no order; sorted keys make two runs write the same files.
    return {key: _decoded_value(given.fields[key]) for key in sorted(given.fields)}


def _decoded_value(value: struct_pb2.Value) -> object:
    return _DECODERS[value.WhichOneof("kind") or "null_value"](value)


def _object(value: struct_pb2.Value) -> object:
    fields = value.struct_value.fields
    if _SIGNATURE not in fields:
        return decode(value.struct_value)
    signature = fields[_SIGNATURE].string_value
    if signature == _SECRET:
        return Secret(_decoded_value(fields["value"]))
    if signature == _REFERENCE:
        return fields["id"].string_value or fields["urn"].string_value
    raise ValueError("assets and archives are not simulated")


def _number(value: struct_pb2.Value) -> int | float:
    # Protobuf knows one kind of number; whole ones were integers in the program.
    number = value.number_value
    return int(number) if number.is_integer() else number


_DECODERS: dict[str, Callable[[struct_pb2.Value], object]] = {
    "null_value": lambda _: None,
    "bool_value": lambda value: value.bool_value,
    "number_value": _number,
    "string_value": lambda value: Unknown() if value.string_value in _UNKNOWNS else value.string_value,
    "list_value": lambda value: [_decoded_value(part) for part in value.list_value.values],
    "struct_value": _object,
}


def holds_secret(value: object) -> bool:
    """Whether the value is secret or has a part that is."""
    if isinstance(value, Secret):
        return True
    if isinstance(value, Mapping):
        return any(holds_secret(part) for part in value.values())
    return isinstance(value, list) and any(holds_secret(part) for part in value)


def encode(values: Mapping[str, object], secret: Collection[str] = ()) -> struct_pb2.Struct:
    """Properties as a message, without those that are None; the ones named in `secret` are marked so."""
    built = struct_pb2.Struct()
    for key, value in values.items():
        if value is not None:
            built.fields[key].CopyFrom(_value(Secret(value) if key in secret else value))
    return built


def _value(given: object) -> struct_pb2.Value:
    """Python value to protobuf. Raises `TypeError` for what no provider could answer with."""
    given = _written(given)
    if given is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(given, bool):
        return struct_pb2.Value(bool_value=given)
    if isinstance(given, int | float):
        return struct_pb2.Value(number_value=given)
    if isinstance(given, str):
        return struct_pb2.Value(string_value=given)
    if isinstance(given, list):
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_value(part) for part in given]))
    if isinstance(given, Mapping):
        return struct_pb2.Value(struct_value=encode(given))
    raise TypeError(f"a simulated resource answered with a {type(given).__name__}")


def _written(given: object) -> object:
    """Secrets and unknowns as the wire format writes them; anything else as it is."""
    if isinstance(given, Secret):
        return {_SIGNATURE: _SECRET, "value": given.value}
    return rpc.UNKNOWN if isinstance(given, Unknown) else given
