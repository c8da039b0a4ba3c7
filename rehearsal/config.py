"""The configuration that the engine would hand to the program, from what a reader found."""

import json
from collections.abc import Mapping
from random import Random

from rehearsal.cloud import Cloud
from rehearsal.simulated.tencentcloud import kubeconfig
from settings.keys import NAMESPACE, engine_text
from settings.parse import StackInput
from settings.paths import split
from settings.stack import SECRET_MAPS


def engine_values(given: StackInput, cloud: Cloud) -> tuple[dict[str, str], frozenset[str]]:
    """Every value as text under its full key, and the keys that are secret.

    What a secret holds is not known here: each gets a value of the right form, made up by `cloud`. So does a kubeconfig
    that lies in a file: a rehearsal reaches no cluster, and needs none.
    """
    values = {f"{NAMESPACE}:{name}": _text(value) for name, value in given.sections.items()}
    if given.region is not None:
        values["tencentcloud:region"] = given.region
    names = {str(split(name)[0]) for name in given.secrets} | ({"kubeconfig"} if _in_file(given) else set())
    secrets = {f"{NAMESPACE}:{name}": _stand_in(name, given, cloud.random(name)) for name in sorted(names)}
    return values | secrets, frozenset(secrets)


def _existing(given: StackInput) -> Mapping[str, object]:
    """`cluster.existing`, empty where there is none."""
    cluster = given.sections.get("cluster")
    existing = cluster.get("existing") if isinstance(cluster, Mapping) else None
    return existing if isinstance(existing, Mapping) else {}


def _in_file(given: StackInput) -> bool:
    return "kubeconfigPath" in _existing(given)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else engine_text(value)


def _stand_in(name: str, given: StackInput, random: Random) -> str:
    def word() -> str:
        return random.randbytes(16).hex()

    if name in SECRET_MAPS:
        holder = given.sections.get({"apiKeys": "models", "clientKeys": "clients"}.get(name, ""))
        every = list(holder) if isinstance(holder, Mapping) else []
        named = [str(steps[1]) for steps in map(split, given.secrets) if steps[0] == name and len(steps) > 1]
        return json.dumps({key: word() for key in named or every})
    if name == "kubeconfig":
        context = _existing(given).get("context")
        server = "https://cls-existing.ccs.tencent-cloud.com"
        return kubeconfig("cls-existing", server, random, str(context) if context else None)
    if name == "databaseUrl":
        return f"postgresql://webui:{word()}@10.0.0.9:5432/webui"
    return word()
