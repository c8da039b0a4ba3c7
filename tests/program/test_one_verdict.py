"""What `check` calls ready, the policy pack calls ready: samples, variants that none covers, random stacks."""

from random import Random
from typing import Any

import pytest

from rehearsal.policies import broken_rules
from rehearsal.run import Rehearsal, rehearse
from settings.parse import StackInput
from settings.paths import apply_fix
from tests.program.rehearsed import PROGRAM
from tests.security.stacks import GATEWAY, VARIANTS, asked, rehearsed

PLAIN = {"via": "gateway", "host": "chat.example.com"}
PUBLIC = {"access": "public"}
CHANGES: tuple[dict[str, Any], ...] = (
    {"expose": GATEWAY},
    {"expose": PLAIN},
    {"expose": {**PLAIN, "allow": ["0.0.0.0/0"]}},
    {"expose": {**PLAIN, "allow": ["100.1.1.0/24"]}},
    {"expose": {**PLAIN, "internal": True}},
    {"cluster.endpoint": {**PUBLIC, "allow": ["0.0.0.0/1", "128.0.0.0/1"]}},
    {"cluster.endpoint": {**PUBLIC, "allow": [f"{first}.0.0.0/8" for first in range(256)]}},
    {"cluster.endpoint": {**PUBLIC, "allow": ["100.1.1.1/32"]}},
    {"network": {"vpcId": "vpc-1", "subnetIds": ["subnet-1"], "zones": ["ap-guangzhou-6"], "cidr": "0.0.0.0/1"}},
    {"network": {"vpcId": "vpc-1", "subnetIds": ["subnet-1"], "zones": ["ap-guangzhou-6"], "cidr": "10.0.0.0/8"}},
    {"cluster.serviceCidr": "128.0.0.0/1"},
    {"namespace": "kube-system"},
    {"namespace": "default"},
    {"namespace": "chat"},
    {"networkPolicy": {"reach": ["169.254.0.0/16"]}},
    {"networkPolicy": {"reach": ["0.0.0.0/0"]}},
    {"networkPolicy": False},
    {"webui.env": {"WEBUI_AUTH_TRUSTED_EMAIL_HEADER": "X-Email"}},
    {"webui.env": {"ENABLE_SIGNUP": "True", "DEFAULT_USER_ROLE": "admin"}},
    {"webui.env": {"LDAP_APP_PASSWORD": "hunter2"}},
    {"webui.env": {"S3_KEY_PREFIX": "chat", "JWT_EXPIRES_IN": "8h"}},
    {"webui.signUp": True, "webui.persistentConfig": True},
    {"webui.image": "registry.example.com/team/page:cu129"},
    {"webui": False},
    {"models.chat.env": {"MY_PASSWORD": "hunter2"}},
    {"models.chat.extraArgs": ["--ssl-keyfile-password=hunter2"]},
    {"models.chat.image": "docker.io/vllm/vllm-openai:cu129"},
    {"pools.gpu.publicBandwidth": 10},
)
FORCED = ("PLAINTEXT_PUBLIC", "ENDPOINT_OPEN_TO_ALL", "WEBUI_VARIABLE_GUARDED", "NAMESPACE_DEFAULT", "IMAGE_FLOATING")
SEED, RANDOM_STACKS, FEWEST_READY = 8, 16, 2


def random_stacks() -> list[tuple[dict[str, Any], tuple[str, ...]]]:
    """Several changes at once, and several codes forced."""
    random = Random(SEED)
    stacks = []
    while len(stacks) < RANDOM_STACKS:
        changes = {path: value for each in random.sample(CHANGES, 2) for path, value in each.items()}
        stacks.append((changes, tuple(random.sample(FORCED, random.randint(0, len(FORCED))))))
    return stacks


def with_changes(changes: dict[str, Any], force: tuple[str, ...] = ()) -> StackInput:
    base = asked("dev")
    sections = apply_fix(dict(base.sections), [*changes.items(), ("force", list(force))])
    return StackInput(base.project, base.stack, base.region, sections, base.secrets)


def verdicts(done: Rehearsal) -> tuple[bool, list[str]]:
    """Whether the proof of a rehearsal, which is that of `check`, calls a stack ready; and, of one that is, the rules
    that it breaks unforced."""
    if done.plan is None or done.errors:
        return False, []
    assert done.recording is not None
    broken = broken_rules(done.recording.registrations, done.plan.forced)
    return True, [f"{each.code} {each.resource}: {each.message}" for each in broken if not each.forced]


@pytest.mark.parametrize("name", VARIANTS)
def test_a_stack_that_is_meant_to_be_ready_is_ready_by_every_judge(name: str) -> None:
    assert verdicts(rehearsed(name)) == (True, [])


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_whatever_check_lets_pass_breaks_no_rule(changes: dict[str, Any]) -> None:
    _, broken = verdicts(rehearse(with_changes(changes), PROGRAM))
    assert broken == []


def test_random_stacks_are_judged_alike() -> None:
    judged = [verdicts(rehearse(with_changes(changes, force), PROGRAM)) for changes, force in random_stacks()]
    assert [broken for _, broken in judged if broken] == []
    assert sum(ready for ready, _ in judged) >= FEWEST_READY, "of stacks that are refused this says nothing"
