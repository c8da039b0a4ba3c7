"""The simulated cloud: what a provider would answer, without one."""

from collections.abc import Mapping
from random import Random, SystemRandom

from rehearsal.simulated import kubernetes, randomness, tencentcloud
from rehearsal.simulated.identity import uuid


class Cloud:
    """Answers for Tencent Cloud, Kubernetes and the random provider.

    Ids follow from the resource's name. Passwords, keys and kubeconfigs follow from `seed` and the resource, so that
    two rehearsals of one stack compare equal; without a seed they are new in every run.
    """

    def __init__(self, seed: str | None = None) -> None:
        self._seed = seed

    def create(self, type_: str, name: str, inputs: Mapping[str, object]) -> tuple[str, dict[str, object]]:
        """The id and the outputs (inputs included) of a new resource. Raises `ValueError` for an unknown type."""
        package, _, rest = type_.partition(":")
        if package == "tencentcloud":
            return tencentcloud.create(type_, name, inputs, self.random(type_, name))
        if package == "kubernetes":
            return kubernetes.create(type_, name, inputs)
        if package == "random":
            id_, made = randomness.create(rest.rpartition(":")[2], inputs, self.random(type_, name))
            return id_, {**inputs, **made}
        if package == "pulumi":
            return uuid(type_, name), dict(inputs)
        raise ValueError(f"the simulated cloud has no provider for {type_}")

    def invoke(self, token: str, args: Mapping[str, object]) -> dict[str, object]:
        """The answer of a function. Raises `ValueError` for an unknown one."""
        if token.startswith("tencentcloud:"):
            return tencentcloud.invoke(token, args, self.random(token))
        raise ValueError(f"the simulated cloud has no function {token}")

    def random(self, *parts: str) -> Random:
        """A source of values for what `parts` name. Registrations arrive in any order, so each has a source of its
        own."""
        return SystemRandom() if self._seed is None else Random("\0".join((self._seed, *parts)))  # noqa: S311
