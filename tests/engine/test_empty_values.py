"""An empty map in a custom resource is a change at every `up`, under the stand-in as with the real provider."""

from pathlib import Path

import pytest

from rehearsal.pulumi_engine.session import EngineSession
from tests.engine.samples import sample

PROGRAM = """\
import pulumi
import pulumi_kubernetes as kubernetes

opts = pulumi.ResourceOptions(provider=kubernetes.Provider("cluster", kubeconfig="{{}}"))
metadata = {{"name": "chat", "namespace": "default"{more}}}
kubernetes.apiextensions.CustomResource(
    "route",
    api_version="gateway.networking.k8s.io/v1",
    kind="HTTPRoute",
    metadata=metadata,
    spec={{"hostnames": ["chat.example.com"]}},
    opts=opts,
)
kubernetes.core.v1.ServiceAccount("account", metadata=metadata, opts=opts)
"""


@pytest.mark.parametrize(("more", "again"), [("", []), (', "annotations": {}', ["route"])])
def test_a_second_up_updates_a_custom_resource_with_empty_annotations_and_no_kind_of_kubernetes(
    pulumi: Path, tmp_path: Path, more: str, again: list[str]
) -> None:
    program = tmp_path / "__main__.py"
    program.write_text(PROGRAM.format(more=more))

    with EngineSession(sample("dev"), program, pulumi) as session:
        first, *later = session.up(), session.up(), session.up()

    assert not [each.error for each in (first, *later) if each.error]
    assert [[each.name for each in outcome.changed] for outcome in later] == [again, again]
