"""What the provider sends of a recorded registration."""

from typing import Any

from rehearsal.cluster.objects import body
from rehearsal.registration import Registration, reveal


def sent(registration: Registration) -> dict[str, Any]:
    inputs, made = reveal(registration.inputs), registration.outputs["metadata"]
    assert isinstance(inputs, dict)
    assert isinstance(made, dict)
    return body(inputs, str(made["name"]))
