"""The programs that a stack needs: Python, uv, pulumi with its plugins, and what only some commands ask for."""

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from cli.doctor.machine import Check, Machine, version_of, written
from cli.language import tr
from cli.text import size
from settings.translation import listed
from tools.binaries import TARGETS, default_cache, locate

PULUMI = (3, 246, 0)
"""The oldest CLI that the program was run with (docs/deploy.md, Install)."""
PYTHON = (3, 11)
PLUGINS = {"tencentcloud": "tencentcloud-iac-pulumi", "kubernetes": "pulumi-kubernetes", "random": "pulumi-random"}
"""The package in this environment that each resource plugin belongs to."""
SERVER = "github://api.github.com/tencentcloudstack"
"""Where the one plugin is that the registry of Pulumi does not have (docs/deploy.md, Install)."""
ROOM = 2e9
"""Bytes: what the environment (0.6 GB), the plugins (0.6 GB) and the state take, with some to spare."""
_GET_PULUMI = "curl -fsSL https://get.pulumi.com | sh"


def programs(machine: Machine, *, cloud: bool) -> Iterator[Check]:
    """What `pulumi up` runs. `cloud`: whether anything of Tencent Cloud is made or asked."""
    yield _python()
    yield _packages()
    yield _uv(machine)
    yield _pulumi(machine)
    if machine.which("pulumi"):
        yield _language(machine)
        yield from _plugins(machine, cloud=cloud)


def conveniences(machine: Machine) -> Iterator[Check]:
    """What other commands need, and the room on the disk."""
    yield _kubectl(machine)
    yield _go(machine)
    yield _caches(machine)
    yield _disk(machine.project)


def _python() -> Check:
    here = sys.version_info[:3]
    good = here >= PYTHON
    fix = "" if good else tr("install Python 3.11 or newer, then: make PYTHON=/path/to/python3.11 check")
    return Check("python", "ok" if good else "missing", written(here), fix)


def _packages() -> Check:
    """Whether the environment holds what pyproject.toml asks for."""
    wrong = []
    for text in requires("tke-llm") or ():
        wanted = Requirement(text)
        try:
            there = version(wanted.name)
        except PackageNotFoundError:
            wrong.append(tr("no {name}", name=wanted.name))
            continue
        if not wanted.specifier.contains(there, prereleases=True):
            wrong.append(
                tr("{name} {there}, not {wanted}", name=wanted.name, there=there, wanted=str(wanted.specifier))
            )
    if wrong:
        return Check("packages", "missing", "; ".join(wrong), "uv sync --frozen")
    return Check("packages", "ok", tr("tke-llm {version} and all that it requires", version=version("tke-llm")))


def _uv(machine: Machine) -> Check:
    answer = machine.ask("uv", "--version")
    found = version_of(answer.out) if answer.code == 0 else None
    if found is None:
        fix = 'make uv && export PATH="$PWD/.tools/bin:$PATH"'
        return Check("uv", "missing", answer.complaint or tr("it tells no version"), fix)
    return Check("uv", "ok", written(found))


def _pulumi(machine: Machine) -> Check:
    answer = machine.ask("pulumi", "version")
    found = version_of(answer.out) if answer.code == 0 else None
    if found is None:
        return Check("pulumi", "missing", answer.complaint or tr("it tells no version"), _GET_PULUMI)
    if found < PULUMI:
        return Check(
            "pulumi",
            "missing",
            tr("{found}, older than {wanted}", found=written(found), wanted=written(PULUMI)),
            _GET_PULUMI,
        )
    return Check("pulumi", "ok", written(found))


def _language(machine: Machine) -> Check:
    """The engine looks for both beside itself and on PATH."""
    pulumi = Path(str(machine.which("pulumi"))).resolve().parent
    names = ("pulumi-language-python", "pulumi-language-python-exec")
    lacking = [name for name in names if not (machine.which(name) or shutil.which(name, path=str(pulumi)))]
    if lacking:
        found = tr("{names} stand neither beside pulumi nor on PATH", names=listed(lacking, "and"))
        return Check("language", "missing", found, tr("{command}, which brings them", command=_GET_PULUMI))
    return Check("language", "ok", tr("Python, by uv"))


def _plugins(machine: Machine, *, cloud: bool) -> Iterator[Check]:
    answer = machine.ask("pulumi", "plugin", "ls", "--json")
    listed = answer.document()
    if not isinstance(listed, list):
        yield Check("plugins", "unknown", answer.complaint or tr("pulumi lists none"), "pulumi plugin ls")
        return
    there = {(each.get("name"), str(each.get("version"))) for each in listed if isinstance(each, dict)}
    for name, package in PLUGINS.items():
        needed = version(package)
        own = name == "tencentcloud"
        if (name, needed) in there:
            yield Check(f"plugin {name}", "ok", needed)
        elif own and cloud:
            install = f"pulumi plugin install resource {name} {needed} --server {SERVER}"
            yield Check(f"plugin {name}", "missing", tr("{version} is not installed", version=needed), install)
        elif not own:
            found = tr("{version} is not installed; the first `pulumi up` fetches it", version=needed)
            yield Check(f"plugin {name}", "advice", found, f"pulumi plugin install resource {name} {needed}")


def _kubectl(machine: Machine) -> Check:
    answer = machine.ask("kubectl", "version", "--client", "--output", "json")
    document = answer.document()
    client = document.get("clientVersion") if isinstance(document, dict) else None
    if not isinstance(client, dict):
        found = tr("{why}: chat, smoke, status and logs need it", why=answer.complaint or tr("it tells no version"))
        return Check("kubectl", "advice", found, tr("see {page}", page="https://kubernetes.io/docs/tasks/tools/"))
    return Check("kubectl", "ok", str(client.get("gitVersion", "")).removeprefix("v"))


def _go(machine: Machine) -> Check:
    answer = machine.ask("go", "version")
    found = version_of(answer.out) if answer.code == 0 else None
    if found is None:
        return Check(
            "go",
            "advice",
            tr("{why}: `make rehearse` needs it", why=answer.complaint),
            tr("see {page}", page="https://go.dev/doc/install"),
        )
    return Check("go", "ok", written(found))


def _caches(machine: Machine) -> Check:
    lacking = [target for target in TARGETS if locate(target, environ=machine.environ).to_build]
    where = default_cache(machine.environ)
    if lacking:
        found = tr(
            "{folder} lacks {names}: only a rehearsal with a real engine or control plane needs them",
            folder=where,
            names=", ".join(lacking),
        )
        return Check("built programs", "advice", found, f"make {' '.join(lacking)}")
    return Check("built programs", "ok", tr("{names} in {folder}", names=", ".join(TARGETS), folder=where))


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    if free < ROOM:
        found = tr("{free} free in {folder}; {needed} are needed", free=size(free), folder=folder, needed=size(ROOM))
        return Check("disk", "missing", found, tr("make room, such as with: uv cache prune"))
    return Check("disk", "ok", tr("{free} free", free=size(free)))
