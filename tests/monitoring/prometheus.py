"""A real Prometheus that reads what a stack's pods show on loopback."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml

from components.workloads.monitoring import monitor_spec
from planner.plan.monitoring import MonitorPlan
from planner.plan.types import ModelPlan
from rehearsal.control_plane import ports
from rehearsal.control_plane.processes import Processes
from tests.monitoring.shown import KEY


def run(processes: Processes, program: Path, config: Mapping[str, Any]) -> str:
    """The address of one that is ready."""
    file = processes.root / "prometheus.yaml"
    file.write_text(yaml.safe_dump(dict(config)), encoding="utf-8")
    with ports.reserve() as holder:
        port = holder.getsockname()[1]
        # Of its own: it would show what another read, too.
        data = mkdtemp(prefix="prometheus-", dir=processes.root)
        command = [str(program), f"--config.file={file}", f"--storage.tsdb.path={data}"]
        processes.start("prometheus", [*command, f"--web.listen-address=127.0.0.1:{port}"])
        processes.wait("prometheus", lambda: status_of(f"http://127.0.0.1:{port}/-/ready") == 200)
    return f"http://127.0.0.1:{port}"


def job(monitor: MonitorPlan, models: Mapping[str, ModelPlan], port: int, *, prefix: str = "") -> dict[str, Any]:
    """What the operator makes of a PodMonitor, for one pod on loopback whose paths begin with `prefix`."""
    (endpoint,) = monitor_spec(monitor, models)["podMetricsEndpoints"]
    key = {"authorization": {"credentials": KEY}} if "authorization" in endpoint else {}
    labels = {"namespace": monitor.namespace or "llm", "pod": f"{monitor.name}-0"}
    return {
        "job_name": f"llm/{monitor.name}",
        "metrics_path": f"{prefix}{monitor.path}",
        "honor_labels": endpoint.get("honorLabels", False),
        "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": labels}],
        "relabel_configs": [_snaked(each) for each in endpoint.get("relabelings", ())],
        "metric_relabel_configs": [_snaked(each) for each in endpoint["metricRelabelings"]],
        **key,
    }


def _snaked(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", name): value for name, value in rule.items()}


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def ask(address: str, query: str) -> list[dict[str, Any]]:
    url = f"{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)["data"]["result"]


def numbers(found: list[dict[str, Any]]) -> list[float]:
    return [float(each["value"][1]) for each in found]
