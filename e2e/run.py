"""One run: a stack's containers are started, asked, put under load and stopped."""

import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import get_args

from catalog.engines import EngineName
from e2e import browser, client, page, sandbox, software, weights
from e2e.containers import Rendered, RenderedPod
from e2e.mapping import Addresses, Difference, Process, addresses, image_of, mapped
from e2e.probes import Watch
from e2e.processes import Masker, ProcessGroup, RunError, Running
from e2e.report import CheckError, Report
from rehearsal.control_plane.ports import reserve

ENGINES: tuple[str, ...] = get_args(EngineName)
PAGE = "open-webui"
INIT_SECONDS = 120.0
JOB_SECONDS = 900.0
LOAD_SECONDS = 20.0
LOAD_CLIENTS = 8
LOAD_TOKENS = 20
WHOLE_TOKENS = 400
"""More than the tiny model's whole answer."""
STREAM_SECONDS = 25.0
"""How long the answer lasts during which a server is stopped: longer than its preStop of 15 s."""
_POLL = 0.2


@dataclass
class Up:
    """A container that runs, and the watch over its probes."""

    running: Running
    watch: Watch

    @property
    def name(self) -> str:
        return self.running.process.name

    @property
    def program(self) -> str:
        return self.running.process.image.program


@dataclass
class EndToEndRun:
    """What one run works with. `answer` is the last word that every model says."""

    stack: Rendered
    where: Addresses
    machine: ProcessGroup
    report: Report
    pictures: Path
    up: list[Up] = field(default_factory=list)

    def of(self, *programs: str) -> list[Up]:
        return [each for each in self.up if each.program in programs]


def processes(pod: RenderedPod, where: Addresses) -> tuple[list[Process], list[Process], list[Difference]]:
    """A pod's init containers, its containers, and what was mapped."""
    first = [mapped(each, pod, where) for each in pod.init]
    then = [mapped(each, pod, where) for each in pod.containers]
    return (
        [each for each, _ in first],
        [each for each, _ in then],
        [part for _, found in first + then for part in found],
    )


def run(stack: Rendered, out: Path) -> bool:
    """Run a stack and print what was found; whether all of it was right.

    Raises `SandboxError`, `SoftwareError` or `UnknownImageError` where this machine cannot run it.
    """
    mask = Masker(value for each in stack.secrets.values() for value in each.values())
    report = Report(mask)
    sandbox.check()
    chromium = software.chromium()
    served = [pod for pod in stack.pods if not weights.is_download(pod)]
    images = [image_of(each.image) for pod in served for each in (*pod.init, *pod.containers)]
    programs = software.provide_all(images, report.say)
    report.real = sorted({each.real for each in programs.values()})
    root = Path(tempfile.mkdtemp(prefix="tke-llm-e2e-"))
    root.chmod(0o755)
    out.mkdir(parents=True, exist_ok=True)
    try:
        with ProcessGroup(root, programs, mask) as machine:
            where = addresses(stack, _free())
            this = EndToEndRun(stack, where, machine, report, out)
            for pod in served:
                for change in processes(pod, where)[2]:
                    report.say(f"  {change}")
            lay_models(this)
            try:
                go(this, served, chromium)
            finally:
                for each in this.up:
                    each.watch.end()
                for log in machine.logs:
                    (out / log.name).write_text(mask(log.read_text("utf-8", "replace")), encoding="utf-8")
    finally:
        shutil.rmtree(root, ignore_errors=True)
    report.end()
    return report.passed


def _free() -> Iterator[int]:
    """Free ports, each of them once. They are let go of, for some servers do not share a port."""
    given: set[int] = set()
    while True:
        with reserve() as holder:
            port: int = holder.getsockname()[1]
        if port not in given:
            given.add(port)
            yield port


def lay_models(this: EndToEndRun) -> None:
    """Put the tiny model where each download Job would have put its own."""
    for store in weights.downloads(this.stack, this.machine.volumes):
        this.report.say(f"  {weights.change(store)}")
        if store.source == "ollama":
            from e2e import ollama  # noqa: PLC0415

            ollama.make_model(store)
        else:
            software.make_model(store.folder, weights.words(), this.report.say)
        weights.finish(store)


def go(this: EndToEndRun, served: list[RenderedPod], chromium: Path) -> None:
    """Start, ask, load, stop."""
    try:
        for pod in sorted((each for each in served if each.kind != "Job"), key=lambda each: each.name):
            start(this, pod)
    except RunError as error:
        this.report.say(str(error))
        with this.report.check("the containers start"):
            raise CheckError(str(error).partition("\n")[0]) from None
        return
    became = [ready(this, each) for each in this.up]
    if not all(became):
        return
    for each in this.of(*ENGINES):
        answers(this, each)
    for each in this.of(PAGE):
        chat(this, each, chromium)
    for pod in served:
        if pod.kind == "Job":
            job(this, pod)
    load(this)
    for each in this.of(*ENGINES):
        stop_engine(this, each)
    for each in [each for each in this.up if each.program not in ENGINES]:
        stop(this, each)


def start(this: EndToEndRun, pod: RenderedPod) -> None:
    """Run a pod's init containers to their end and start its containers."""
    first, then, _ = processes(pod, this.where)
    for process in first:
        if status := this.machine.finish(process, pod, INIT_SECONDS):
            raise RunError(f"{process.name} ended with status {status}")
    for process in then:
        running = this.machine.start(process, pod)
        watch = Watch(process, partial(this.machine.execute, running))
        this.up.append(Up(running, watch))
        watch.begin()


def ready(this: EndToEndRun, up: Up) -> bool:
    """Wait until a container is ready, for as long as its startup probe allows."""
    before = len(this.report.checks)
    with this.report.check(f"{up.name} becomes ready", RunError) as seen:
        while not up.watch.ready:
            if up.running.ended:
                raise RunError(this.machine.failure(up.running, f"ended with status {up.running.outer.returncode}"))
            if up.watch.broken:
                raise RunError(this.machine.failure(up.running, f"would be restarted: {up.watch.broken}"))
            time.sleep(_POLL)
        probe = up.running.process.probes.get("startup")
        if probe:
            allowed = probe.initial_delay + probe.period * probe.failures
            seen.append(f"startup probe passed after {up.watch.started:.0f} of {allowed:.0f} s")
        container = up.running.process.container
        root = "read-only root" if container.read_only_root else "root may be written"
        seen.append(f"user {container.user}:{container.group}, {root}")
    check = this.report.checks[before]
    return check.passed


def key_of(process: Process) -> str | None:
    """The key that an engine asks for."""
    names = [name for name in process.container.secret if name.endswith("_API_KEY")]
    return process.env[names[0]] if names else None


def engine_of(up: Up) -> client.ServedEngine:
    """How to ask an engine. Raises `AskError`."""
    port = next(iter(up.running.process.ports.values()))
    key = key_of(up.running.process)
    return client.ServedEngine(up.name, port, client.served(port, key)[0], key)


def answers(this: EndToEndRun, up: Up) -> None:
    """The engine lists its model, refuses a stranger, and streams an answer."""
    with this.report.check(f"{up.name} streams an answer", client.AskError) as seen:
        engine = engine_of(up)
        if engine.key:
            refused = client.status(engine.port, "/v1/models", None)
            if refused != 401:
                raise CheckError(f"without a key /v1/models answers {refused}")
            seen.append("401 without the key")
        answer = client.ask(engine, browser.QUESTION, WHOLE_TOKENS)
        if answer.chunks < 2 or weights.LAST not in answer.text:
            raise CheckError(f"{answer.chunks} chunks: {answer.text[:200]}")
        seen.append(f"{answer.chunks} chunks in {answer.seconds:.1f} s, ended by {answer.finish}")


def chat(this: EndToEndRun, up: Up, executable: Path) -> None:
    """The administrator signs in and adds a user, who asks each model in the page."""
    process = up.running.process
    port = next(iter(process.ports.values()))
    url = this.where.page[1]
    admin = browser.Person("Admin", process.env["WEBUI_ADMIN_EMAIL"], process.env["WEBUI_ADMIN_PASSWORD"])
    user = browser.Person("Ordinary User", "user@example.com", secrets.token_urlsafe(16))
    with browser.chromium(executable) as chrome:
        with this.report.check("the administrator signs in and adds a user") as seen:
            visit = browser.Visit(chrome, url, this.pictures)
            token = visit.sign_in(admin)
            visit.picture("administrator")
            seen.append(f"sees {', '.join(page.models(port, token))}")
            page.add_user(port, token, user.name, user.email, user.password)
            visit.close()
        if not this.report.checks[-1].passed:
            return
        visit = browser.Visit(chrome, url, this.pictures)
        offered: list[str] = []
        with this.report.check("that user signs in") as seen:
            offered = page.models(port, visit.sign_in(user))
            if not offered:
                raise CheckError("no model is offered")
            seen.append(f"sees {', '.join(offered)}")
        for model in offered:
            with this.report.check(f"that user gets an answer from {model}") as seen:
                visit.choose(model)
                shown = visit.ask(weights.LAST)
                visit.picture(f"answer-{model.replace(':', '-').replace('/', '-')}")
                if shown.steps < 2:
                    raise CheckError("the answer was there at once: it did not stream")
                seen.append(f"{len(shown.text)} characters, the page grew {shown.steps} times")
        visit.close()


def job(this: EndToEndRun, pod: RenderedPod) -> None:
    """Run a Job to its end."""
    if "policy-probe" in pod.name:
        this.report.real.append(f"{pod.name} was not run: nothing enforces NetworkPolicies on loopback")
        return
    with this.report.check(f"the Job {pod.name} succeeds", RunError) as seen:
        for process in processes(pod, this.where)[1]:
            status = this.machine.finish(process, pod, JOB_SECONDS)
            message = this.machine.volumes.message(process).read_text("utf-8", "replace").splitlines()
            told = [*map(this.machine.mask, message)] or this.machine.tail(this.machine.log(process), 12)
            if status:
                raise CheckError("\n".join([f"ended with status {status}", *told]))
            seen.append(told[0] if told else "")


def load(this: EndToEndRun) -> None:
    """All engines answer many at once for a while, and no probe takes one out."""
    began = {each.name: each.watch.now for each in this.up}
    for up in this.of(*ENGINES):
        with this.report.check(f"{up.name} under load", client.AskError) as seen:
            engine = engine_of(up)
            end = time.monotonic() + LOAD_SECONDS

            def busy(_: int, engine: client.ServedEngine = engine, end: float = end) -> int:
                tokens = 0
                while time.monotonic() < end:
                    tokens += client.ask(engine, browser.QUESTION, LOAD_TOKENS).tokens
                return tokens

            with ThreadPoolExecutor(LOAD_CLIENTS) as pool:
                tokens = sum(pool.map(busy, range(LOAD_CLIENTS)))
            seen.append(f"{LOAD_CLIENTS} at once, {tokens / LOAD_SECONDS:.0f} tokens/s")
    for up in this.up:
        with this.report.check(f"{up.name}: its probes under load") as seen:
            since = began[up.name]
            for kind in ("readiness", "liveness"):
                if probe := up.running.process.probes.get(kind):
                    said = f"{kind} at most {up.watch.slowest(kind, since):.2f} of {probe.timeout:.0f} s"
                    failed = up.watch.failed(kind, since)
                    seen.append(said + (f", {failed} failed" if failed else ""))
            if up.watch.lost or up.watch.broken:
                raise CheckError(up.watch.broken or "it was taken out of its Service")


def stop_engine(this: EndToEndRun, up: Up) -> None:
    """Stop a server in the middle of an answer, which must arrive whole."""
    with this.report.check(f"{up.name} ends an open answer", client.AskError) as seen:
        engine = engine_of(up)
        long = up.program != "ollama"
        trial = client.ask(engine, browser.QUESTION, 200, long=long)
        wanted = int(trial.tokens / trial.seconds * STREAM_SECONDS) if long else WHOLE_TOKENS
        begun = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(client.ask, engine, browser.QUESTION, wanted, begun, long=long)
            if not begun.wait(client.TIMEOUT):
                raise CheckError("no answer began")
            up.watch.end()
            ended = this.machine.stop(up.running)
            answer = asked.result()
        hook = up.running.process.container.pre_stop
        if long and answer.tokens != wanted:
            raise CheckError(f"{answer.tokens} of {wanted} tokens arrived")
        if ended.killed:
            raise CheckError(f"it had to be killed after {up.running.pod.grace:.0f} s")
        seen.append(
            f"{answer.tokens} tokens in {answer.seconds:.0f} s; preStop ({' '.join(hook) or 'none'}) "
            f"{ended.pre_stop:.0f} s, then {ended.after_term:.1f} s, of {up.running.pod.grace:.0f} s"
        )


def stop(this: EndToEndRun, up: Up) -> None:
    """Stop a container that answers nobody."""
    with this.report.check(f"{up.name} ends in time") as seen:
        up.watch.end()
        ended = this.machine.stop(up.running)
        if ended.killed:
            raise CheckError(f"it had to be killed after {up.running.pod.grace:.0f} s")
        seen.append(f"{ended.pre_stop + ended.after_term:.1f} of {up.running.pod.grace:.0f} s")
