"""No object of Kubernetes carries an empty map or list, whatever the stack file asks for.

The provider compares new inputs with the live object as far as the old inputs go (Diff, pruneLiveState and
normalizeInputs in provider/pkg/provider/provider.go of pulumi-kubernetes). Of its own kinds it takes empty values out
first; of custom resources it does not, while the API server keeps no empty map of labels or annotations: a difference
at every `up`.
"""

import pytest

from tests.components.whole_stack import BY_ID, KUBECONFIG, up
from tests.empties import empty_places
from tests.unit.stacks import KUBECONFIG as BY_KUBECONFIG

HOST = "chat.example.com"
TLS = {"secret": "chat-tls"}
OLLAMA = {"model": "deepseek-r1:7b", "engine": "ollama"}

GRID: dict[str, dict[str, object]] = {
    "as it is": {},
    "no page": {"webui": False},
    "no policies": {"networkPolicy": False},
    "a page of many replicas": {"webui": {"replicas": 2, "adminEmail": "me@example.org"}},
    "gateway over http": {"expose": {"via": "gateway", "host": HOST}, "force": ["PLAINTEXT_PUBLIC"]},
    "gateway with a certificate": {"expose": {"via": "gateway", "host": HOST, "tls": TLS}},
    "gateway with an issuer": {"expose": {"via": "gateway", "host": HOST, "tls": {"issuer": "letsencrypt"}}},
    "internal gateway": {"expose": {"via": "gateway", "host": HOST, "tls": TLS, "internal": True}},
    "a gateway that exists": {**BY_ID, "expose": {"via": "gateway", "host": HOST, "gateway": "infra/main", "tls": {}}},
    "ingress": {"expose": {"via": "ingress", "host": HOST, "tls": {"certificateId": "abc12345"}}},
    "ingress of another class": {"expose": {"via": "ingress", "host": HOST, "ingressClass": "traefik", "tls": TLS}},
    "plain ingress": {
        "expose": {"via": "ingress", "host": HOST, "ingressClass": "traefik"},
        "force": ["PLAINTEXT_PUBLIC"],
    },
    "ollama": {"models.chat": OLLAMA},
    "autoscaled": {"pools.gpu.nodes": {"min": 1, "max": 3}, "models.chat.autoscaling": {"min": 1, "max": 3}},
    "images pulled early": {"warmStart": {"images": True}},
    "files on the nodes": {"warmStart": {"modelCache": True}},
    "measured": {"monitoring.via": "prometheus-operator"},
    "paused": {"pause": True},
    "super nodes": {"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}},
    "retained": {"retain": True},
    "existing cluster": BY_ID,
    "super nodes of an existing cluster": {**BY_ID, "pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}},
    "kubeconfig": {**BY_KUBECONFIG, "storage": {"kind": "class", "className": "shared"}},
    "kubeconfig and ollama": {
        **BY_KUBECONFIG,
        "storage": {"kind": "class", "className": "shared"},
        "models.chat": OLLAMA,
        "webui": False,
    },
    "two machines": {
        "pools.gpu": {"instanceType": "PNV6.32XLARGE1280", "nodes": 2},
        "models.chat": {"model": "deepseek-ai/DeepSeek-R1", "gpus": 16},
        "network.nat": {"bandwidth": 1000},
    },
}


@pytest.mark.parametrize("case", GRID)
def test_nothing_that_is_registered_has_an_empty_map_or_list(case: str) -> None:
    made = up(GRID[case], secrets={"kubeconfig": KUBECONFIG, "databaseUrl": "postgres://unused"})
    objects = [each for each in made.resources if each.type.startswith("kubernetes:") and each.custom]
    assert objects
    assert [f"{each.name}: {path}" for each in objects for path in empty_places(each.inputs)] == []


def test_an_empty_map_is_found_where_it_says_nothing() -> None:
    written = {"metadata": {"annotations": {}}, "spec": {"podSelector": {}, "rules": [{"from": []}]}}
    assert list(empty_places(written)) == ["metadata.annotations", "spec.rules.0.from"]
