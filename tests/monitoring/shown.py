"""What a stack's pods show at /metrics: vLLM's as it was recorded, Envoy's by itself, the others' by their names."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from catalog.load import load

RECORDED = (Path(__file__).parent / "vllm-0.29.0.metrics").read_text(encoding="utf-8")
KEY = "the key of the model called small"
BOUNDS = ("0.1", "1", "+Inf")
_GROWS = ("counter", "histogram")


@dataclass
class Shown:
    """`texts` by what is asked for; each is told how often it was. `keyed` are those that ask for the key. `asked` are
    the requests that had an answer."""

    keyed: frozenset[str]
    asked: dict[str, int] = field(default_factory=dict)
    port: int = 0

    def text(self, name: str) -> str:
        times = self.asked[name] = self.asked.get(name, 0) + 1
        return grown(WRITTEN[name](), times)


def grown(text: str, times: int) -> str:
    """A recording as it would look after so many times what happened in it: what counts has grown, a gauge has not."""
    kinds = dict(re.findall(r"^# TYPE (\S+) (\w+)$", text, re.MULTILINE))

    def line(found: re.Match[str]) -> str:
        name, value = found["name"], float(found["value"])
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        grows = kinds.get(name) in _GROWS or kinds.get(base) == "histogram"
        return f"{name}{found['labels'] or ''} {value * times if grows else value}"

    return re.sub(
        r"^(?P<name>[a-zA-Z_:]\w*(?::\w+)*)(?P<labels>\{.*\})? (?P<value>\S+)$", line, text, flags=re.MULTILINE
    )


def _counter(name: str, labels: str = "") -> str:
    return f"# TYPE {name} counter\n{name}{labels} 10\n"


def _gauge(name: str, value: float, labels: str = "") -> str:
    return f"# TYPE {name} gauge\n{name}{labels} {value}\n"


def _histogram(name: str, labels: str) -> str:
    buckets = "".join(f'{name}_bucket{{{labels},le="{bound}"}} 10\n' for bound in BOUNDS)
    return f"# TYPE {name} histogram\n{buckets}{name}_sum{{{labels}}} 5\n{name}_count{{{labels}}} 10\n"


def _sglang() -> str:
    shown, labels = load().metrics["sglang"], 'model_name="fast",engine_type="unified",tp_rank="0"'
    gauges = {"waiting": 2, "running": 3, "cache_use": 0.5}
    text = {}
    for role in shown.metrics:
        for name in shown.names(role):
            if role in gauges:
                text[name] = _gauge(name, gauges[role], f"{{{labels}}}")
            elif role in {"ttft", "tpot"}:
                text[name] = _histogram(name, labels)
            else:
                text[name] = _counter(name, f"{{{labels}}}")
    return "".join(text.values())


def _llamacpp() -> str:
    shown = load().metrics["llamacpp"]
    return "".join(
        _gauge(name, 1) if role in {"waiting", "running"} else _counter(name)
        for role in shown.metrics
        for name in shown.names(role)
    )


def _gpus() -> str:
    shown = load().metrics["dcgm"]
    (use,), (used,), (free,), (xid,) = map(shown.names, ("gpu_use", "memory_used", "memory_free", "xid"))
    pods = ("chat-7d4f9c5b6-x2x9z", "fast-5c9d8f7b6-k2k9p", "small-6b8c9d7f5-q4q7w", "plain-84c6f7d9b-z8z2m")
    return "".join(
        _gauge(name, value, f'{{gpu="{number}",Hostname="node",namespace="llm",pod="{pod}",container="server"}}')
        for number, pod in enumerate(pods)
        for name, value in ((use, 80), (used, 20000), (free, 4000), (xid, 0))
    )


def _cluster() -> str:
    """What kube-state-metrics and the kubelets show, which Prometheus' own chart has read."""
    jobs, volumes = load().metrics["kube-state-metrics"], load().metrics["kubelet"]
    job = '{namespace="llm",job_name="chat-download-0a1b2c3d"}'
    volume = '{namespace="llm",persistentvolumeclaim="models"}'
    return (
        _gauge(jobs.names("failed")[0], 0, job)
        + _gauge(jobs.names("succeeded")[0], 1, job)
        + _gauge(jobs.names("available")[0], 1, '{namespace="llm",deployment="plain"}')
        + _gauge(volumes.names("volume_free")[0], 60, volume)
        + _gauge(volumes.names("volume_size")[0], 100, volume)
    )


WRITTEN = {
    "model-chat": lambda: RECORDED,
    "model-fast": _sglang,
    "model-small": _llamacpp,
    "keda": lambda: _counter(load().metrics["keda"].names("errors")[0], '{namespace="llm",scaledObject="chat"}'),
    "gpus": _gpus,
    "cluster": _cluster,
}


@contextmanager
def serving(keyed: frozenset[str]) -> Iterator[Shown]:
    """All of them on one port of loopback, each at ``/<name>/…``; ``/status/<code>`` answers with that status."""
    shown = Shown(keyed)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            first, _, rest = self.path.lstrip("/").partition("/")
            if first == "status":
                self._answer(int(rest), "")
            elif first in shown.keyed and self.headers.get("Authorization") != f"Bearer {KEY}":
                self._answer(401, "")
            else:
                self._answer(200, shown.text(first))

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shown.port = server.server_port
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield shown
    finally:
        server.shutdown()
        server.server_close()
