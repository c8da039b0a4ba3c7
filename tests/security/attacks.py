"""What somebody on the Internet asks for who wants more of a stack than its page and its API."""

from collections.abc import Iterator
from functools import cache

from planner.plan.types import Plan
from planner.prove import prove
from settings.parse import parse
from tests.security.engine_paths import every_path
from tests.security.pods import ours
from tests.security.stacks import asked, objects

PATHS = every_path()


@cache
def plan_of(name: str) -> Plan:
    """A stack's plan, for which nothing is rehearsed: which stacks are asked what is settled by it when tests are
    collected."""
    plan, found = prove(parse(asked(name)))
    assert plan is not None, found
    return plan


def attacks(plan: Plan) -> Iterator[tuple[str, str]]:
    """(host, path): every path of every engine, plainly and in disguise, at every name that may lead somewhere."""
    assert plan.exposure is not None
    hosts = [*plan.exposure.hosts, "unknown.example.com", *(f"{name}.{plan.exposure.hosts[0]}" for name in plan.models)]
    owns = ("", *(f"/{name}" for name in plan.models))
    for host in hosts:
        for path in PATHS:
            forms = (path, f"{path}/", f"{path}/x", f"/v1{path}", f"/v1x{path}", f"/v1/{path}", f"/v1/models/..{path}")
            yield from ((host, f"{own}{form}") for own in owns for form in (*forms, f"/{path}", f"/v2{path}"))


def services(name: str) -> dict[str, str]:
    """What stands behind each Service: the page, or a model by its key."""
    behind: dict[str, str] = {}
    for service in objects(name, "Service"):
        selector = service["spec"]["selector"]
        for pod in ours(name):
            if selector.items() <= {**pod.pod.labels, "leaderworkerset.sigs.k8s.io/worker-index": "0"}.items():
                behind[service["metadata"]["name"]] = pod.model or pod.role
    return behind
