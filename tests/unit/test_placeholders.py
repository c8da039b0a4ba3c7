"""Examples that stand where the user's own belong: each warns, in the samples and elsewhere."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path

import pytest

from planner.cluster.check_placeholders import is_placeholder
from planner.network.public_addresses import DOCUMENTATION
from planner.prove import prove
from settings.file import read
from settings.parse import parse
from tests.unit.stacks import codes, found, planned

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))

OURS = {"expose.tls.secret"}
"""Names of the user's own choosing, as the sample's commands make them."""
WARNS = {
    "cluster.endpoint.allow[0]": "DOCUMENTATION_ADDRESS",
    "expose.host": "PLACEHOLDER",
    "expose.apiHost": "PLACEHOLDER",
    "storage.ccnId": "PLACEHOLDER",
    "webui.adminEmail": "ADMIN_EMAIL_DEFAULT",
}


def texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from texts(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from texts(part, f"{path}[{place}]")
    elif isinstance(value, str):
        yield path, value


def looks_like_an_example(text: str) -> bool:
    try:
        given = ip_network(text)
    except ValueError:
        return "example" in text.lower()
    return any(given.subnet_of(net) for net in DOCUMENTATION)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("name", NAMES)
def test_every_placeholder_of_a_sample_is_told(name: str) -> None:
    given = read(ROOT / f"Pulumi.{name}.yaml")
    expected = {path for path, text in texts(given.sections) if looks_like_an_example(text)} - OURS
    _, diagnostics = prove(parse(given))
    assert expected <= {each.path for each in diagnostics if WARNS.get(each.path) == each.code}


def test_the_samples_have_these_placeholders_and_no_others() -> None:
    sections = [read(ROOT / f"Pulumi.{name}.yaml").sections for name in NAMES]
    assert {path for each in sections for path, text in texts(each) if looks_like_an_example(text)} == {*WARNS, *OURS}


@pytest.mark.parametrize(
    "value",
    ["ccn-example1", "vpc-example", "subnet-0example", "chat.example.com", "https://api.example.org/v1", "llm.example",
     "hub.test", "<your address>", "xxxxxxxx", "changeme", "me@example.net"],
)  # fmt: skip
def test_an_example_is_known_as_one(value: str) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize(
    "value",
    ["ccn-1a2b3c4d", "chat.my-example.com", "example.company.cn", "chat-example-com", "deepseek-ai/DeepSeek-R1",
     "https://hf-mirror.com", "testing.cn", "latest", "maxxxx-model-name"],
)  # fmt: skip
def test_a_name_that_may_be_meant_is_not(value: str) -> None:
    assert not is_placeholder(value)


def test_what_stands_anywhere_in_the_stack_file_is_found() -> None:
    plan = planned({"network.vpcId": "vpc-example1", "network.subnetIds": ["subnet-a1b2c3d4", "subnet-example2"]})
    paths = {each.path for each in plan.diagnostics if each.code == "PLACEHOLDER"}
    assert paths == {"network.vpcId", "network.subnetIds[1]"}


def test_it_warns_as_an_address_for_documents_does() -> None:
    assert (
        found(
            planned({"storage.fileSystemId": "cfs-example1", "storage.mountHost": "10.0.0.9"}), "PLACEHOLDER"
        ).severity
        == "warning"
    )
    assert "PLACEHOLDER" not in codes(planned())
