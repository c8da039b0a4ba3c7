"""What a change costs people is told by what a resource carries, whatever it is called."""

from dataclasses import replace
from typing import cast

import pytest

from rehearsal.pulumi_engine.consequences import consequences
from rehearsal.pulumi_engine.outcome import Operation, OperationVerdict
from rehearsal.registration import mask
from tests.program.rehearsed import story


def told(stack: str, name: str, verdict: OperationVerdict, *paths: str) -> str:
    """What a change of this resource means; "" where it means nothing. It goes by another name in the program."""
    plan, recording = story(stack).plan, story(stack).recording
    (made,) = [each for each in recording.registrations if each.name == name]
    inputs = cast("dict[str, object]", mask(made.inputs))
    changes = tuple((path, "update") for path in paths)
    found = consequences(
        [Operation(verdict, f"{made.urn}-renamed", made.type, changes, inputs)], replace(plan, retain=False)
    )
    return found[0][1] if found else ""


def minutes(stack: str, *steps: str) -> str:
    return f"about {round(sum(story(stack).plan.durations[step] for step in steps) / 60)} minutes"


def test_a_group_that_is_made_anew_answers_nothing_while_it_loads() -> None:
    template = "spec.leaderWorkerTemplate.workerTemplate.spec.containers[0]"
    loads, pulls = minutes("two-machines", "load:chat"), minutes("two-machines", "pull:chat", "load:chat")
    server = "llm-chat-inference-server"
    assert told("two-machines", server, "update", f"{template}.env[1].value").startswith(f"restarts chat: {loads}")
    assert told("two-machines", server, "update", f"{template}.image").startswith(f"restarts chat: {pulls}")
    assert told("two-machines", server, "update", "spec.replicas") == ""


def test_a_pool_is_known_by_its_label() -> None:
    down = minutes("two-machines", "native_gpu_pool", "pull:chat", "load:chat")
    assert told("two-machines", "llm-gpu-pool-nodes", "replace") == f"replaces the GPU pool gpu: 16 GPUs, {down} down"
    assert told("two-machines", "llm-cluster-system-nodes", "replace").startswith("replaces the CPU nodes")


@pytest.mark.parametrize(
    ("claim", "means"),
    [
        ("llm-store-models-claim", "empties the model store"),
        ("llm-store-webui-claim", "deletes the accounts and chats"),
    ],
)
def test_a_claim_is_known_by_its_label(claim: str, means: str) -> None:
    assert told("dev", claim, "delete").startswith(means)


def test_only_a_download_downloads() -> None:
    assert told("dev", "llm-chat-download-job", "replace").startswith("downloads chat: about")
    assert told("dev", "llm-smoke-asks", "replace") == ""
