"""All rules. The policy pack and the rehearsal run the same ones.

`violations` is for whoever has the resources at hand: the rehearsal turns its registrations into `Resource`, the policy
pack what the engine sends.
"""

from collections.abc import Collection, Iterable, Iterator

from policy.clear_text_rules import CLEAR_TEXT_RULES
from policy.cloud_rules import CLOUD_RULES, CLOUD_STACK_RULES
from policy.exposure_rules import EXPOSURE_STACK_RULES
from policy.namespace_rules import NAMESPACE_RULES
from policy.page_rules import PAGE_RULES
from policy.pod_rules import POD_RULES
from policy.rule import Hidden, Resource, Rule, StackRule, Violation

__all__ = ["RULES", "STACK_RULES", "Hidden", "Resource", "Rule", "StackRule", "Violation", "excused", "violations"]

RULES: tuple[Rule, ...] = (*POD_RULES, *CLEAR_TEXT_RULES, *PAGE_RULES, *NAMESPACE_RULES, *CLOUD_RULES)
"""Rules that one resource alone keeps or breaks."""
STACK_RULES: tuple[StackRule, ...] = (*EXPOSURE_STACK_RULES, *CLOUD_STACK_RULES)
"""Rules that take all resources of a stack."""


def excused(rule: Rule | StackRule, forced: Collection[str]) -> bool:
    """Whether the stack file forces what refuses a breach of this rule, so that breaking it is no surprise."""
    return any(code in forced for code in rule.refused_by)


def violations(resources: Iterable[Resource], forced: Collection[str] = ()) -> list[Violation]:
    """Everything that breaks a rule, in the order of the resources, each one's in the order of the rules. `forced`: the
    codes of the stack file's `force`."""
    every = list(resources)
    places = {id(each): place for place, each in enumerate(every)}
    found = sorted(_found(every, forced), key=lambda pair: places[id(pair[0])])
    return [violation for _, violation in found]


def _found(every: list[Resource], forced: Collection[str]) -> Iterator[tuple[Resource, Violation]]:
    for rule in RULES:
        for each in every:
            for message in rule.check(each.type, each.name, each.properties):
                yield each, Violation(rule.code, each.name, each.type, message, excused(rule, forced))
    for stack_rule in STACK_RULES:
        for each, message in stack_rule.check(every):
            yield each, Violation(stack_rule.code, each.name, each.type, message, excused(stack_rule, forced))
