"""`tke-llm logs`: what a deployed model, its download or the chat page writes."""

import subprocess
from collections.abc import Sequence

from cli.deployed import PAGE, Deployed, DeployedError, deployed, kubectl, pods
from cli.language import tr
from cli.report import dump
from cli.text import complain, put, seen
from components.workloads.kube import CHAT_PAGE, COMPONENT_LABEL, DOWNLOAD, INFERENCE, INSTANCE_LABEL
from settings.suggest import closest

INTERRUPTED = 130


def logs(
    stack: str, target: str | None, *, download: bool, follow: bool, previous: bool, tail: int, as_json: bool
) -> int:
    """Print the last `tail` lines of all pods of a model (the first for None), of its download, or of the chat page
    (`PAGE`), each with its pod's name before it. With `follow` it goes on until Ctrl-C; with `previous` these are of
    containers that ended before. 1 where there are none."""
    try:
        found = deployed(stack)
        labels = _labels(found, target, download=download)
        _must_run(found, labels, stack)
        arguments = ["logs", "--selector", labels, "--all-containers", "--prefix", "--tail", str(tail)]
        # By a selector kubectl follows five logs at most unless it is told otherwise.
        arguments += ["--follow", "--max-log-requests", "50"] if follow else []
        arguments += ["--previous"] if previous else []
        return _stream(found, arguments, as_json=as_json)
    except DeployedError as error:
        complain(str(error))
        return 1


def _must_run(found: Deployed, labels: str, stack: str) -> None:
    if not pods(found, labels):
        raise DeployedError(
            tr(
                "stack {stack} has no such pod now: tke-llm status {asked} says what it has",
                stack=found.stack,
                asked=stack,
            )
        )


def _labels(found: Deployed, target: str | None, *, download: bool) -> str:
    name = target or next(iter(found.models))
    if name == PAGE and PAGE in found.services and not download:
        return f"{COMPONENT_LABEL}={CHAT_PAGE}"
    if name not in found.models:
        known = [*found.models, *([PAGE] if PAGE in found.services else [])]
        near = closest(name, known)
        advice = tr("did you mean {near}?", near=near) if near else tr("it has {known}", known=", ".join(known))
        raise DeployedError(tr("stack {stack} has no {name!r}; {advice}", stack=found.stack, name=name, advice=advice))
    return f"{INSTANCE_LABEL}={name},{COMPONENT_LABEL}={DOWNLOAD if download else INFERENCE}"


def _stream(found: Deployed, arguments: Sequence[str], *, as_json: bool) -> int:
    lines: list[str] = []
    with kubectl(found) as (words, _):
        process = subprocess.Popen(  # noqa: S603  our own arguments
            [*words, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        assert process.stdout is not None  # noqa: S101  it is a pipe
        try:
            for each in process.stdout:
                text = seen(each.rstrip("\n").expandtabs())
                if as_json:
                    lines.append(text)
                else:
                    put(f"{text}\n")
            code = process.wait()
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            process.terminate()
            process.wait()
    if as_json:
        dump({"stack": found.stack, "lines": lines})
    return int(code != 0)
