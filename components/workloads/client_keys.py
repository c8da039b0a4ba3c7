"""A key for each client of the API, and for a while the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_random as random

from planner.plan.access import ClientPlan

KEY_LENGTH = 40


@dataclass(frozen=True, kw_only=True)
class ClientKeysArgs:
    """`given`: keys to use instead of generated ones, by client."""

    clients: Sequence[ClientPlan]
    given: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class ClientKeys(pulumi.ComponentResource):
    """`current` and `previous` are secret, by client; of a first key, and of one that is given, none is previous.

    A key is called by its version: raising that makes a new one, leaves the last one as it is and forgets the one
    before.
    """

    current: dict[str, pulumi.Output[str]]
    previous: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ClientKeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:ClientKeys", name, None, opts)
        self._name = name
        self.current = {client: pulumi.Output.secret(key) for client, key in args.given.items()}
        generated = [client for client in args.clients if client.name not in args.given]
        self.current |= {client.name: self._key(client, client.key_version) for client in generated}
        self.previous = {
            client.name: self._key(client, client.key_version - 1) for client in generated if client.key_version > 1
        }
        self.register_outputs({})

    def _key(self, client: ClientPlan, version: int) -> pulumi.Output[str]:
        made = random.RandomPassword(
            f"{self._name}-{client.name}-{version}",
            length=KEY_LENGTH,
            special=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.secret(made.result)
