"""What a real Kubernetes control plane made of the stack, for people."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cli.text import Line, Piece, count, facts, heading, line, paragraph, table
from rehearsal.cluster.session import Changed, ClusterOutcome, StackState, StackUpdate, Teardown
from rehearsal.cluster.simulation import ReadinessProblem
from rehearsal.cluster.usage import NodeUse, PodUse, PoolUse


@dataclass(frozen=True)
class Rehearsed:
    """`start`: seconds until the control plane answered."""

    start: float
    outcome: ClusterOutcome


def on_control_plane(rehearsed: Rehearsed) -> list[Line]:
    """The whole report: up, and where they were rehearsed the update and the teardown."""
    outcome = rehearsed.outcome
    lines = heading(f"On a Kubernetes {outcome.version} control plane")
    lines += [_verdict("up", outcome.up.findings), *_standing(outcome.up)]
    if outcome.update is not None:
        lines += _update(outcome.update)
    if outcome.down is not None:
        lines += _teardown(outcome.down)
    closing = Piece("  ready", "good") if outcome.ready else Piece("  not ready", "bad")
    return [*lines, (), *facts([("time", _times(rehearsed))]), (), line(closing)]


def _times(rehearsed: Rehearsed) -> str:
    seconds = rehearsed.outcome.up.seconds
    return "; ".join(
        [
            f"control plane started in {rehearsed.start:.1f} s",
            f"everything ready {seconds.ready:.1f} s later",
            f"of that {seconds.apply:.1f} s to apply objects",
            f"longest wait of a pod for a node {seconds.schedule:.1f} s",
        ]
    )


def _verdict(stage: str, findings: Sequence[ReadinessProblem], good: str = "everything is ready") -> Line:
    if findings:
        return line(Piece(f"  {stage}: not ready, {count(len(findings), 'finding')}", "bad"))
    return line(Piece(f"  {stage}: {good}", "good"))


def _standing(standing: StackState) -> list[Line]:
    lines = _findings(standing.findings)
    rows = [
        ("pool", "node", "CPU", "memory GiB", "GPUs", "pods"),
        *(_row(pool, node) for pool in standing.usage.pools for node in pool.nodes),
    ]
    lines += [(), *table(rows)]
    notes = [
        (pod.name, pod.note)
        for pool in standing.usage.pools
        for node in pool.nodes
        for pod in node.pods
        if pod.note and not pod.platform
    ]
    waiting = [
        (f"waits for {pool.name}", f"{pod.name}: {pod.note}") for pool in standing.usage.pools for pod in pool.waiting
    ]
    waiting += [("waits", f"{pod.name}: {pod.note}") for pod in standing.usage.elsewhere]
    if notes or waiting:
        lines += [(), *facts([*notes, *waiting])]
    for warning in standing.warnings:
        lines += paragraph(f"{warning.resource}: {warning.message}", Piece("  warning  ", "warn"))
    return lines


def _findings(findings: Iterable[ReadinessProblem]) -> list[Line]:
    return [
        each for finding in findings for each in paragraph(finding.cause, Piece(f"    {finding.resource}: ", "bad"))
    ]


def _row(pool: PoolUse, node: NodeUse) -> tuple[str, ...]:
    has, asked = node.allocatable, node.requested
    cells = (
        (f"{asked.cpu_millis / 1000:.1f}", f"{has.cpu_millis / 1000:.1f}"),
        (f"{asked.memory_mib / 1024:.1f}", f"{has.memory_mib / 1024:.1f}"),
        (f"{asked.gpus}", f"{has.gpus}") if has.gpus else ("-", ""),
    )
    # A super node has no size of its own: each pod there is a machine.
    used = (each if pool.kind == "super" or not size else f"{each} of {size}" for each, size in cells)
    return (f"{pool.name} ({pool.kind})", node.name, *used, _pods(node.pods))


def _pods(pods: Iterable[PodUse]) -> str:
    own = [f"{pod.name}{' (done)' if pod.state == 'completed' else ''}" for pod in pods if not pod.platform]
    others = sum(pod.platform for pod in pods)
    return ", ".join([*own, *([f"{others} of the cluster's"] if others else [])])


def _update(update: StackUpdate) -> list[Line]:
    lines = [(), _verdict("update", update.standing.findings), *_findings(update.standing.findings)]
    if not update.changes:
        lines.append(line("    nothing changes"))
    rows = [(each.change, _change(each)) for each in sorted(update.changes, key=lambda each: each.change)]
    rows += [("interrupted", f"{each}: no pod answers while it is replaced") for each in update.interrupted]
    rows += [("waited for GPU", f"{each.resource}: {each.cause}") for each in update.waited]
    rows += [("lost", f"{each}: its data is gone") for each in update.lost]
    return [*lines, *facts(rows, indent=4)]


def _change(changed: Changed) -> str:
    fields = ", ".join(changed.fields)
    return f"{changed.resource} ({fields})" if fields else changed.resource


def _teardown(teardown: Teardown) -> list[Line]:
    forgotten = [ReadinessProblem(each, "is left behind", settled=True) for each in teardown.left.forgotten]
    faults = [*teardown.findings, *forgotten]
    lines = [(), _verdict("down", faults, good=f"nothing is left, after {teardown.seconds:.1f} s"), *_findings(faults)]
    return [*lines, *facts([("kept", each) for each in teardown.left.kept], indent=4)]
