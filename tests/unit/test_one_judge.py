"""What `check` refuses and what the policy pack refuses are one: each rule names the codes, each code the rules."""

import pytest

from planner.diagnostics.explain import codes
from policy.rules import RULES, STACK_RULES, Resource, excused, violations

EVERY = (*RULES, *STACK_RULES)

NO_SETTING = frozenset(
    {
        "API_SERVER_UNGUARDED",
        "CLUSTER_ADMIN",
        "GPU_LIMIT_DIFFERS",
        "GPU_WITHOUT_NODE_SELECTOR",
        "GPU_WITHOUT_TOLERATION",
        "INSTANCES_KEPT",
        "KEYLESS_TO_ADDRESSES",
        "MEMORY_UNLIMITED",
        "POD_API_TOKEN",
        "POD_CAPABILITIES",
        "POD_HOST_NAMESPACE",
        "POD_HOST_PATH",
        "POD_HOST_PORT",
        "POD_PRIVILEGED",
        "POD_ROOT",
        "POD_SECCOMP",
        "POD_SERVICE_LINKS",
        "POD_WRITABLE_ROOT",
        "PUBLIC_WITHOUT_AUTHENTICATION",
        "VOLUME_ON_NODE",
    }
)
"""Rules on what the program itself writes, whatever is asked for."""


def test_each_rule_that_a_setting_can_break_names_what_refuses_it() -> None:
    assert {rule.code for rule in EVERY if not rule.refused_by} <= NO_SETTING
    assert not {rule.code for rule in EVERY if rule.refused_by} & NO_SETTING


def test_rules_and_codes_name_each_other() -> None:
    by_rule = {(rule.code, code) for rule in EVERY for code in rule.refused_by}
    by_code = {(rule, code) for code, entry in codes().items() for rule in entry.rules}
    assert by_rule == by_code


@pytest.mark.parametrize("rule", [rule for rule in EVERY if rule.refused_by], ids=lambda rule: rule.code)
def test_a_rule_is_named_by_errors_only_and_excused_by_what_may_be_forced(rule) -> None:  # type: ignore[no-untyped-def]
    assert all(codes()[code].severity == "error" for code in rule.refused_by)
    assert excused(rule, {rule.refused_by[0]})
    assert not excused(rule, {"SOMETHING_ELSE"})


def test_a_breach_that_is_forced_is_still_told() -> None:
    plain = Resource("kubernetes:core/v1:Service", "front", {"spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}})
    (breach,) = [each for each in violations([plain], {"PLAINTEXT_PUBLIC"}) if each.code == "PUBLIC_WITHOUT_TLS"]
    assert breach.forced
    (breach,) = [each for each in violations([plain]) if each.code == "PUBLIC_WITHOUT_TLS"]
    assert not breach.forced
