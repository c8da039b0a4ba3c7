"""The add-on that enforces NetworkPolicies: after all else, for a wrong name stops what has not started."""

from tests.components.recorder import ComponentRun, Registered
from tests.components.whole_stack import up

PROVIDER = {"llm-kubernetes", "llm-cluster-endpoint"}
"""What comes before every object of the cluster by way of their provider, which is no dependency."""


def aside_of(made: ComponentRun, addon: Registered) -> set[str]:
    """Names of the resources that come neither before an add-on nor after it."""
    aside = {
        each.name
        for each in made.resources
        if each.custom and each is not addon and not made.depends(addon, each) and not made.depends(each, addon)
    }
    return aside - PROVIDER


def test_what_enforces_policies_comes_last_and_only_an_engine_without_a_key_and_the_smoke_test_wait_for_it() -> None:
    """Once a resource has failed the engine starts no other one, and nobody has confirmed the name of that add-on."""
    pools = {"a10": {"instanceType": "PNV4.7XLARGE116"}, "t4": {"instanceType": "GN7.2XLARGE32"}}
    ollama = {"model": "qwen2.5:7b", "pool": "t4", "engine": "ollama"}
    chat = {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "pool": "a10"}
    made = up({"pools": pools, "models": {"chat": chat, "small": ollama}, "cluster.systemPool": {"disk": 140}})
    addon = made.one("addon:Addon", "llm-addons-networkpolicy")
    after = {each.name for each in made.resources if each.custom and made.depends(each, addon)}
    assert after == {"llm-small-inference-server", "llm-smoke-asks", "llm-smoke-tries"}
    waiting = ("small", "t4", "smoke")
    assert {name for name in aside_of(made, addon) if not any(part in name for part in waiting)} == set()


def test_with_keys_everywhere_only_the_probe_of_policies_waits_for_what_enforces_them() -> None:
    expose = {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}}
    made = up(
        {"expose": expose, "pools.gpu.nodes": {"min": 1, "max": 2}, "models.chat.autoscaling": {"min": 1, "max": 2}}
    )
    addon = made.one("addon:Addon", "llm-addons-networkpolicy")
    assert [each.name for each in made.resources if made.depends(each, addon)] == ["llm-smoke-tries"]
    assert {name for name in aside_of(made, addon) if "smoke" not in name} == set()
