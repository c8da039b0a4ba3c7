"""The policy pack: `pulumi preview --policy-pack policy`. Needs the dependency group `policy`."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import getitem

import pulumi_policy as pack
from pulumi_policy.proxy import UnknownValueError

from policy.rules import RULES, STACK_RULES, Hidden, Resource, Rule, StackRule


def known(value: object) -> object:
    """Properties as rules take them. The engine's own raise where a preview does not know a value yet, which would end
    a rule before it has seen the rest."""
    if isinstance(value, Mapping):
        return properties(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_part(partial(getitem, value, index)) for index in range(len(value))]
    return value


def properties(given: Mapping[str, object]) -> dict[str, object]:
    """All properties of a resource, as rules take them."""
    return {key: _part(partial(getitem, given, key)) for key in given}


def _part(read: Callable[[], object]) -> object:
    try:
        return known(read())
    except UnknownValueError:
        return Hidden.UNKNOWN


def over_one(rule: Rule) -> pack.ResourceValidationPolicy:
    """A rule over one resource, as a policy."""

    def validate(args: pack.ResourceValidationArgs, report: pack.ReportViolation) -> None:
        for message in rule.check(args.resource_type, args.name, properties(args.props)):
            report(message, None)

    return pack.ResourceValidationPolicy(name=policy_name(rule.code), description=rule.description, validate=validate)


def over_all(rule: StackRule) -> pack.StackValidationPolicy:
    """A rule over all resources, as a policy."""

    def validate(args: pack.StackValidationArgs, report: pack.ReportViolation) -> None:
        for resource, message in rule.check([_resource(each) for each in args.resources]):
            report(message, resource.urn)

    return pack.StackValidationPolicy(name=policy_name(rule.code), description=rule.description, validate=validate)


def policy_name(code: str) -> str:
    """``image-floating`` of ``IMAGE_FLOATING``."""
    return code.lower().replace("_", "-")


def _resource(given: pack.PolicyResource) -> Resource:
    return Resource(
        type=given.resource_type,
        name=given.name,
        properties=properties(given.props),
        urn=given.urn,
        references={key: [each.urn for each in origins] for key, origins in given.property_dependencies.items()},
    )


if __name__ == "__main__":
    pack.PolicyPack(
        "tke-llm",
        [*(over_one(rule) for rule in RULES), *(over_all(rule) for rule in STACK_RULES)],
        enforcement_level=pack.EnforcementLevel.MANDATORY,
    )
