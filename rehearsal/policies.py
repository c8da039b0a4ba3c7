"""The rules of the policy pack, over what a rehearsal has recorded."""

from collections.abc import Collection, Iterable

from policy.rule import Hidden, Resource, Violation
from policy.rules import violations
from rehearsal.registration import Registration, Unknown, rewritten


def broken_rules(registrations: Iterable[Registration], forced: Collection[str] = ()) -> tuple[Violation, ...]:
    """Everything that `pulumi preview --policy-pack policy` would refuse: every rule is mandatory there, but for what
    the stack file forces."""
    return tuple(violations(map(as_resource, registrations), forced))


def as_resource(registration: Registration) -> Resource:
    """A registration as rules take it. A component's inputs are its children's business and left out."""
    shown = {key: visible(value) for key, value in registration.inputs.items()} if registration.custom else {}
    return Resource(
        registration.type, registration.name, shown, registration.urn, dict(registration.property_dependencies)
    )


def visible(value: object) -> object:
    """The value with every leaf below a secret, and every one that is not known yet, hidden."""
    return rewritten(value, _shown)


def _shown(leaf: object, secret: bool) -> object:
    if isinstance(leaf, Unknown):
        return Hidden.UNKNOWN
    return Hidden.SECRET if secret else leaf
