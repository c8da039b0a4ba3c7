"""Names and tags of cloud resources, as pure functions of project, stack and role."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from planner.plan.types import NamesPlan

NAME_LIMIT = 60
"""VPC, subnet, security group, NAT and route table names, in characters."""
POOL_NAME_LIMIT = 25
"""Node pool names."""
ACCESS_GROUP_NAME_LIMIT = 64
"""CFS access group names."""

DIGEST_LENGTH = 6


def cloud_name(project: str, stack: str, role: str, limit: int = NAME_LIMIT) -> str:
    """``<project>-<stack>-<role>``, at most `limit` characters long.

    A longer name keeps its role where that fits, is cut in front of it, and carries a hash of the whole name, so that
    two long names never meet. Equal arguments give equal names.
    """
    whole = f"{project}-{stack}-{role}"
    if len(whole) <= limit:
        return whole
    digest = sha256(whole.encode()).hexdigest()[:DIGEST_LENGTH]
    room = limit - len(digest) - len(role) - 2
    if room < 1:
        return f"{whole[: limit - len(digest) - 1].rstrip('-')}-{digest}"
    return f"{whole[:room].rstrip('-')}-{digest}-{role}"


@dataclass(frozen=True)
class Naming:
    """What every cloud resource of a stack is called and tagged with."""

    project: str
    stack: str
    user_tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, names: NamesPlan) -> "Naming":
        return cls(names.project, names.stack, dict(names.tags))

    def name(self, role: str, limit: int = NAME_LIMIT) -> str:
        """The cloud name of a role (see `cloud_name`)."""
        return cloud_name(self.project, self.stack, role, limit)

    @property
    def tags(self) -> dict[str, str]:
        """The user's tags and ours, by which everything of a stack is found again; ours win.

        Keys that start with ``project`` are reserved (Tencent Cloud document 651/13354), hence the prefix.
        """
        return {
            **self.user_tags,
            "pulumi-project": self.project,
            "pulumi-stack": self.stack,
            "managed-by": "tke-llm",
        }
