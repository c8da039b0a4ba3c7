"""What a real Kubernetes control plane made of the stack, for people."""

from collections.abc import Iterable, Sequence

from cli.engine import step_lines
from cli.text import Line, Piece, count, facts, heading, line, paragraph, table
from rehearsal.cluster.rest import Interruption, Left, NotReady
from rehearsal.cluster.usage import NodeUse, PodUse, PoolUse
from rehearsal.pulumi_engine.on_plane import OnPlane, Standing


def on_control_plane(found: OnPlane, start: float) -> list[Line]:
    """The whole report: up, and where they were rehearsed the update and the teardown. `start`: seconds until the
    control plane answered."""
    lines = heading(f"On a Kubernetes {found.version} control plane, under the real Pulumi engine")
    lines += [each for step in found.steps for each in step_lines(step)]
    for problem in found.problems:
        lines += paragraph(problem, Piece("  wrong: ", "bad"))
    lines += [(), _verdict("up", found.up.not_ready), *_standing(found.up)]
    if found.update is not None:
        lines += [(), _verdict("update", found.update.not_ready), *_not_ready(found.update.not_ready)]
    if found.interruption is not None:
        lines += _interruption(found.interruption)
    if found.left is not None:
        lines += _left(found.left)
    closing = Piece("  ready", "good") if found.ready else Piece("  not ready", "bad")
    return [*lines, (), *facts([("time", f"control plane started in {start:.1f} s")]), (), line(closing)]


def _verdict(stage: str, findings: Sequence[NotReady], good: str = "everything is ready") -> Line:
    if findings:
        return line(Piece(f"  {stage}: not ready, {count(len(findings), 'finding')}", "bad"))
    return line(Piece(f"  {stage}: {good}", "good"))


def _standing(standing: Standing) -> list[Line]:
    lines = _not_ready(standing.not_ready)
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


def _not_ready(findings: Iterable[NotReady]) -> list[Line]:
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


def _interruption(found: Interruption) -> list[Line]:
    rows = [("interrupted", f"{each}: no pod answers while it is replaced") for each in found.interrupted]
    rows += [("waited for GPU", str(each)) for each in found.waited]
    rows += [("lost", f"{each}: its data is gone") for each in found.lost]
    return facts(rows, indent=4)


def _left(left: Left) -> list[Line]:
    forgotten = [NotReady(each, "is left behind") for each in left.forgotten]
    lines = [(), _verdict("down", forgotten, good="nothing is left"), *_not_ready(forgotten)]
    return [*lines, *facts([("kept", each) for each in left.kept], indent=4)]
