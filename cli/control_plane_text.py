"""What a real Kubernetes control plane made of the stack, for people."""

from collections.abc import Iterable, Sequence

from cli.engine import step_lines
from cli.language import tr, trn
from cli.text import Line, Piece, facts, heading, line, paragraph, table
from rehearsal.cluster.rest import Interruption, Left, NotReady
from rehearsal.cluster.usage import NodeUse, PodUse, PoolUse
from rehearsal.pulumi_engine.on_plane import OnPlane, Standing


def on_control_plane(found: OnPlane, start: float) -> list[Line]:
    """The whole report: up, and where they were rehearsed the update and the teardown. `start`: seconds until the
    control plane answered."""
    lines = heading(tr("On a Kubernetes {version} control plane, under the real Pulumi engine", version=found.version))
    lines += [each for step in found.steps for each in step_lines(step)]
    for problem in found.problems:
        lines += paragraph(problem, Piece(tr("  wrong: "), "bad"))
    lines += [(), _verdict("up", found.up.not_ready), *_standing(found.up)]
    if found.update is not None:
        lines += [(), _verdict(tr("update"), found.update.not_ready), *_not_ready(found.update.not_ready)]
    if found.interruption is not None:
        lines += _interruption(found.interruption)
    if found.left is not None:
        lines += _left(found.left)
    closing = Piece(tr("  ready"), "good") if found.ready else Piece(tr("  not ready"), "bad")
    return [
        *lines,
        (),
        *facts([(tr("time"), tr("control plane started in {seconds:.1f} s", seconds=start))]),
        (),
        line(closing),
    ]


def _verdict(stage: str, findings: Sequence[NotReady], good: str = "") -> Line:
    if findings:
        number = trn("{number} finding", "{number} findings", len(findings))
        return line(Piece(tr("  {stage}: not ready, {count}", stage=stage, count=number), "bad"))
    return line(Piece(tr("  {stage}: {said}", stage=stage, said=good or tr("everything is ready")), "good"))


def _standing(standing: Standing) -> list[Line]:
    lines = _not_ready(standing.not_ready)
    rows = [
        (tr("pool"), tr("node"), "CPU", tr("memory GiB"), "GPU", "Pod"),
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
        (tr("waits for {pool}", pool=pool.name), tr("{name}: {note}", name=pod.name, note=pod.note))
        for pool in standing.usage.pools
        for pod in pool.waiting
    ]
    waiting += [(tr("waits"), tr("{name}: {note}", name=pod.name, note=pod.note)) for pod in standing.usage.elsewhere]
    if notes or waiting:
        lines += [(), *facts([*notes, *waiting])]
    for warning in standing.warnings:
        lines += paragraph(f"{warning.resource}: {warning.message}", Piece(tr("  warning  "), "warn"))
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
    used = (
        each if pool.kind == "super" or not size else tr("{used} of {size}", used=each, size=size)
        for each, size in cells
    )
    return (f"{pool.name} ({pool.kind})", node.name, *used, _pods(node.pods))


def _pods(pods: Iterable[PodUse]) -> str:
    own = [
        tr("{pod} (done)", pod=pod.name) if pod.state == "completed" else pod.name for pod in pods if not pod.platform
    ]
    others = sum(pod.platform for pod in pods)
    return ", ".join([*own, *([tr("{number} of the cluster's", number=others)] if others else [])])


def _interruption(found: Interruption) -> list[Line]:
    rows = [
        (tr("interrupted"), tr("{name}: no pod answers while it is replaced", name=str(each)))
        for each in found.interrupted
    ]
    rows += [(tr("waited for GPU"), str(each)) for each in found.waited]
    rows += [(tr("lost"), tr("{name}: its data is gone", name=str(each))) for each in found.lost]
    return facts(rows, indent=4)


def _left(left: Left) -> list[Line]:
    forgotten = [NotReady(each, tr("is left behind")) for each in left.forgotten]
    lines = [(), _verdict(tr("down"), forgotten, good=tr("nothing is left")), *_not_ready(forgotten)]
    return [*lines, *facts([(tr("kept"), each) for each in left.kept], indent=4)]
