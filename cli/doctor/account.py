"""Backend, passphrase, credentials, the stack and the way to its cluster."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from cli.doctor.machine import Check, Machine
from cli.findings import counted
from cli.language import tr
from planner.prove import prove
from settings.parse import Parsed
from settings.stack import Settings
from settings.translation import listed

CREDENTIALS = ("TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY")
CONNECT_SECONDS = 5.0
_OWN_SECRETS = ("file", "s3", "gs", "azblob")
"""Schemes of the backends whose secrets a passphrase opens, unless the stack file says otherwise."""


def backend(machine: Machine) -> tuple[Check, str | None]:
    """Whether pulumi is logged in, and the address of its backend."""
    if machine.which("pulumi") is None:
        return Check("backend", "unknown", tr("nobody can be asked without pulumi")), None
    answer = machine.ask("pulumi", "whoami", "--json", "--non-interactive")
    document = answer.document()
    url = document.get("url") if isinstance(document, dict) else None
    if not isinstance(url, str):
        fix = tr("mkdir -p state && pulumi login file://./state, or pulumi login")
        return Check("backend", "missing", tr("not logged in ({why})", why=answer.complaint), fix), None
    parts = urlsplit(url)
    # An address may hold a user and a password.
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()
    return Check("backend", "ok", shown), url


def passphrase(machine: Machine, url: str, stack_file: Path | None) -> Check | None:
    """Whether there is what opens the state; None where that is the backend's own business."""
    provider = _secrets_provider(stack_file)
    if provider not in (None, "passphrase") or (provider is None and urlsplit(url).scheme not in _OWN_SECRETS):
        return None
    fix = "export PULUMI_CONFIG_PASSPHRASE_FILE=~/.tke-llm-passphrase"
    if "PULUMI_CONFIG_PASSPHRASE" in machine.environ:
        return Check("passphrase", "ok", tr("PULUMI_CONFIG_PASSPHRASE is set"))
    named = machine.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not named:
        return Check("passphrase", "missing", tr("neither PULUMI_CONFIG_PASSPHRASE nor …_FILE is set"), fix)
    try:
        empty = not Path(named).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return Check("passphrase", "missing", tr("{file} cannot be read", file=named), fix)
    if empty:
        return Check(
            "passphrase", "missing", tr("{file} is empty", file=named), f"head -c 32 /dev/urandom | base64 > {named}"
        )
    return Check("passphrase", "ok", tr("in {file}", file=named))


def credentials(machine: Machine, secrets: frozenset[str]) -> Check:
    """Whether there is a key of Tencent Cloud; `secrets` are the provider's that the stack file holds."""
    lacking = [name for name in CREDENTIALS if not machine.environ.get(name)]
    if not lacking:
        return Check("credentials", "ok", tr("a key of Tencent Cloud is in the environment"))
    if {"secretId", "secretKey"} <= secrets:
        return Check("credentials", "ok", tr("a key of Tencent Cloud is sealed in the stack file"))
    fix = "export TENCENTCLOUD_SECRET_ID=… TENCENTCLOUD_SECRET_KEY=…"
    return Check("credentials", "missing", tr("{names} not set", names=listed(lacking, "and")), fix)


def configuration(stack: str, parsed: Parsed) -> Check:
    """Whether the stack file passes `check`."""
    _, found = prove(parsed)
    error = next((each for each in found if each.severity == "error"), None)
    fix = f"tke-llm check {stack}"
    if error is not None:
        said = tr("{errors}: {first}", errors=counted(found, "error"), first=error.message)
        return Check("stack file", "missing", said, fix)
    warnings = counted(found, "warning")
    said = tr("passes, {warnings}", warnings=warnings) if warnings else tr("passes")
    return Check("stack file", "ok", said)


def stack_there(machine: Machine, stack: str) -> tuple[Check, bool]:
    """Whether the backend has the stack and it is selected, and whether it was brought up."""
    answer = machine.ask("pulumi", "stack", "ls", "--json", "--non-interactive")
    listed = answer.document()
    if not isinstance(listed, list):
        return Check("stack", "unknown", answer.complaint or tr("pulumi lists none"), "pulumi stack ls"), False
    # Pulumi Cloud says whose a stack is before its name.
    found = next((each for each in listed if str(each.get("name")).rpartition("/")[2] == stack), None)
    if found is None:
        return Check(
            "stack", "missing", tr("the backend has no stack {stack}", stack=stack), f"pulumi stack init {stack}"
        ), False
    up = (found.get("resourceCount") or 0) > 0
    said = tr("brought up") if up else tr("not brought up yet")
    if not found.get("current"):
        said = tr("{said}; another is selected, so say `pulumi up --stack {stack}`", said=said, stack=stack)
        return Check("stack", "advice", said, f"pulumi stack select {stack}"), up
    return Check("stack", "ok", tr("selected, {said}", said=said)), up


def endpoint(machine: Machine, stack: str, settings: Settings | None, *, up: bool) -> Iterator[Check]:
    """Whether the API server can be reached from here."""
    existing = settings.cluster.existing if settings else None
    text: str | None = None
    if existing and existing.kubeconfig_path:
        try:
            text = Path(existing.kubeconfig_path).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            found = tr("{file} cannot be read", file=existing.kubeconfig_path)
            yield Check("endpoint", "missing", found, tr("set cluster.existing.kubeconfigPath in the stack file"))
            return
    elif up:
        show = ("stack", "output", "kubeconfig", "--show-secrets", "--json", "--stack", stack, "--non-interactive")
        answer = machine.ask("pulumi", *show)
        text = answer.document()
        if not isinstance(text, str):
            yield Check("endpoint", "unknown", tr("no output kubeconfig ({why})", why=answer.complaint), "pulumi up")
            return
    if text is None:
        return
    server = _server(text, existing.context if existing else None)
    if server is None:
        yield Check("endpoint", "missing", tr("the kubeconfig names no server"), "kubectl config view")
        return
    yield _connect(server, ours=existing is None)


def _connect(server: str, *, ours: bool) -> Check:
    parts = urlsplit(server)
    host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    try:
        socket.create_connection((host, port), CONNECT_SECONDS).close()
    except OSError as error:
        why = tr("no connection in time") if isinstance(error, TimeoutError) else error.strerror or str(error)
        fix = "pulumi config set --path 'tke-llm:cluster.endpoint.allow[0]' \"$(curl -4 -fsS https://ifconfig.me)/32\""
        return Check(
            "endpoint",
            "missing",
            tr("{host}:{port}: {why}", host=host, port=port, why=why),
            fix if ours else f"curl -k {server}/version",
        )
    return Check("endpoint", "ok", tr("{host}:{port} answers", host=host, port=port))


def _server(text: str, context: str | None) -> str | None:
    """The API server's address of a kubeconfig's context."""
    try:
        config: Any = yaml.safe_load(text)
        name = context or config["current-context"]
        cluster = next(each["context"]["cluster"] for each in config["contexts"] if each["name"] == name)
        server = next(each["cluster"]["server"] for each in config["clusters"] if each["name"] == cluster)
    except (yaml.YAMLError, KeyError, TypeError, StopIteration):
        return None
    return server if isinstance(server, str) else None


def sealed_for_provider(file: Path) -> frozenset[str]:
    """The provider's secrets that the stack file holds, by name."""
    prefix = "tencentcloud:"
    config = _tree(file).get("config")
    return frozenset(
        key.removeprefix(prefix) for key in (config if isinstance(config, dict) else {}) if key.startswith(prefix)
    )


def _secrets_provider(stack_file: Path | None) -> str | None:
    """How the stack's secrets are sealed, by its file; None where it does not say."""
    tree = {} if stack_file is None else _tree(stack_file)
    named = tree.get("secretsprovider")
    if isinstance(named, str) and named not in ("", "default"):
        return named
    return "passphrase" if "encryptionsalt" in tree else None


def _tree(file: Path) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return tree if isinstance(tree, dict) else {}
