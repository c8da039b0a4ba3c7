"""The policy pack: `pulumi preview --policy-pack policy`. Needs the dependency group `policy`."""

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from operator import getitem

import pulumi_policy as pack
from pulumi_policy.proxy import UnknownValueError

from policy.rules import RULES, STACK_RULES, Hidden, Resource, Rule, StackRule, excused
from settings.keys import NAMESPACE


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


def forced_codes(configuration: str | None) -> frozenset[str]:
    """The codes of the stack file's `force`, out of the configuration that the engine hands to a policy pack in
    PULUMI_CONFIG (pulumi, sdk/go/common/resource/plugin/analyzer_plugin.go, constructEnv)."""
    try:
        values = json.loads(configuration or "{}")
        codes = json.loads(values.get(f"{NAMESPACE}:force") or "[]")
    except (ValueError, AttributeError, TypeError):
        return frozenset()
    return frozenset(str(code) for code in codes) if isinstance(codes, list) else frozenset()


def level(rule: Rule | StackRule, forced: Collection[str]) -> pack.EnforcementLevel:
    """Mandatory, but for what the stack file forces: that is told and let pass, as everywhere else."""
    return pack.EnforcementLevel.ADVISORY if excused(rule, forced) else pack.EnforcementLevel.MANDATORY


def over_one(rule: Rule, forced: Collection[str] = ()) -> pack.ResourceValidationPolicy:
    """A rule over one resource, as a policy."""

    def validate(args: pack.ResourceValidationArgs, report: pack.ReportViolation) -> None:
        for message in rule.check(args.resource_type, args.name, properties(args.props)):
            report(message, None)

    return pack.ResourceValidationPolicy(
        name=policy_name(rule.code),
        description=rule.description,
        validate=validate,
        enforcement_level=level(rule, forced),
    )


def over_all(rule: StackRule, forced: Collection[str] = ()) -> pack.StackValidationPolicy:
    """A rule over all resources, as a policy."""

    def validate(args: pack.StackValidationArgs, report: pack.ReportViolation) -> None:
        for resource, message in rule.check([_resource(each) for each in args.resources]):
            report(message, resource.urn)

    return pack.StackValidationPolicy(
        name=policy_name(rule.code),
        description=rule.description,
        validate=validate,
        enforcement_level=level(rule, forced),
    )


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
    by_user = forced_codes(os.environ.get("PULUMI_CONFIG"))
    pack.PolicyPack(
        "tke-llm",
        [*(over_one(rule, by_user) for rule in RULES), *(over_all(rule, by_user) for rule in STACK_RULES)],
        enforcement_level=pack.EnforcementLevel.MANDATORY,
    )
