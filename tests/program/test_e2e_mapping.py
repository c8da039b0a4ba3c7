"""`make e2e` runs what is rendered: its mapping changes nothing but ports, addresses and what `cpu.yaml` lists."""

import re
from functools import cache
from itertools import count

import pytest

from e2e.containers import ManifestError, Rendered, RenderedContainer, RenderedPod, recorded
from e2e.mapping import Addresses, Difference, Process, UnknownImageError, addresses, cpu_settings, image_of, mapped
from rehearsal.registration import secret_texts
from tests.program.rehearsed import NAMES, each_of, registrations

FIRST = 40000
_ADDRESS = re.compile(r"[\w.-]+:\d+|https?://[\w.:-]+|\d+")
REFUSED = {"two-machines": "a group of machines", "team": "an API at a gateway"}
"""Samples that are not run, and what of them."""
RUN = sorted(set(NAMES) - set(REFUSED))


@cache
def stack(name: str) -> Rendered:
    return recorded(registrations(name))


def located(of: Rendered) -> Addresses:
    return addresses(of, count(FIRST))


@cache
def every(name: str) -> list[tuple[RenderedPod, RenderedContainer, Process, tuple[Difference, ...]]]:
    of = stack(name)
    where = located(of)
    every_container = [(pod, container) for pod in of.pods for container in (*pod.init, *pod.containers)]
    return [(pod, container, *mapped(container, pod, where)) for pod, container in every_container]


def flags(argv: tuple[str, ...]) -> dict[str, str]:
    """Each flag and what follows it, up to the next."""
    found: dict[str, str] = {}
    last = ""
    for each in argv:
        if each.startswith("--"):
            last = each
        found[last] = f"{found.get(last, '')} {each}"
    return found


def same_but_addresses(before: str, after: str) -> bool:
    return _ADDRESS.sub("@", before) == _ADDRESS.sub("@", after)


@each_of(RUN)
def test_a_command_line_changes_in_ports_addresses_and_what_a_cpu_needs(name):
    for _, container, process, _ in every(name):
        if not container.command:
            continue
        allowed = cpu_settings(process.image.program)["flags"]
        before, after = flags(container.argv), flags(process.argv)
        for flag in before.keys() | after.keys():
            if before.get(flag) == after.get(flag):
                continue
            if flag in allowed and process.argv[:2] == ("vllm", "serve"):
                assert allowed[flag]["why"]
            else:
                assert flag in before, (container.name, flag)
                assert flag in after, (container.name, flag)
                assert same_but_addresses(before[flag], after[flag]), (flag, before[flag], after[flag])


@each_of(RUN)
def test_a_variable_changes_in_addresses_and_what_a_cpu_needs(name):
    for _, container, process, _ in every(name):
        allowed = cpu_settings(process.image.program)["env"]
        assert container.env.keys() <= process.env.keys()
        for variable, after in process.env.items():
            before = container.env.get(variable)
            if before != after and variable not in allowed:
                assert before is not None, variable
                assert same_but_addresses(before, after), variable


@each_of(RUN)
def test_everything_that_differs_is_said_and_no_secret_with_it(name):
    hidden = {text for each in registrations(name) for text in secret_texts(each.inputs) if len(text) > 3}
    for _, container, process, changes in every(name):
        told = " ".join(map(str, changes))
        for variable in container.env:
            if container.env[variable] != process.env[variable]:
                assert f" {variable}:" in told
        for flag in flags(process.argv).keys() ^ flags(container.argv).keys():
            assert not container.command or f" {flag}:" in told
        assert not [text for text in hidden if text in told]


@each_of(RUN)
def test_users_mounts_probes_and_hooks_stay_as_they_are_rendered(name):
    for _, container, process, _ in every(name):
        assert process.container is container
        for kind, probe in container.probes.items():
            mapped_probe = process.probes[kind]
            assert (mapped_probe.period, mapped_probe.timeout, mapped_probe.failures) == (
                probe.period,
                probe.timeout,
                probe.failures,
            )
            if probe.action == "httpGet":
                assert mapped_probe.given == probe.given
                assert process.ports[str(probe.given["port"])] >= FIRST


def test_two_models_get_a_port_each_and_the_page_finds_both():
    of = stack("two-models")
    where = located(of)
    page = next(pod for pod in of.pods if pod.name == "webui")
    process, _ = mapped(page.containers[0], page, where)
    assert process.env["OPENAI_API_BASE_URLS"] == f"http://127.0.0.1:{where.local['chat', 8000]}/v1"
    assert process.env["OLLAMA_BASE_URLS"] == f"http://127.0.0.1:{where.local['small', 11434]}"
    assert len(set(where.local.values())) == len(where.local)


def test_a_page_behind_a_gateway_is_reached_where_it_runs_and_accepts_that_origin():
    of = stack("gateway")
    where = located(of)
    page = next(pod for pod in of.pods if pod.name == "webui")
    process, _ = mapped(page.containers[0], page, where)
    here = f"http://localhost:{where.local['webui', 8080]}"
    assert (process.env["WEBUI_URL"], process.env["CORS_ALLOW_ORIGIN"]) == (here, here)


def test_a_servers_key_comes_out_of_its_secret():
    chat = next(pod for pod in stack("dev").pods if pod.name == "chat").containers[0]
    assert chat.secret == {"VLLM_API_KEY"}
    assert len(chat.env["VLLM_API_KEY"]) > 20


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_run_here_is_refused_by_name(name):
    with pytest.raises(ManifestError, match=REFUSED[name]):
        stack(name)


def test_an_image_behind_a_mirror_is_known_and_a_strange_one_refused():
    assert image_of("mirror.example.com/hub/vllm/vllm-openai:v0.29.0-cu129").program == "vllm"
    with pytest.raises(UnknownImageError, match="example/other"):
        image_of("docker.io/example/other:1.0")
