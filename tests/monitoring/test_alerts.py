"""Every alert fires and resolves, by Prometheus' own reading of the rules."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from planner.plan.monitoring import MonitoringPlan
from rehearsal.control_plane.binaries import Binaries
from tests.monitoring.promtool import holds
from tests.monitoring.stacks import measured

OWN = 'namespace="llm",model="chat"'
ROUTE = 'envoy_cluster_name="httproute/llm/chat/rule/0"'
JOB = 'namespace="llm",job_name="chat-download-0a1b2c3d"'
VOLUME = 'namespace="llm",persistentvolumeclaim="models"'


@dataclass(frozen=True)
class Case:
    """`series` with values every 30 seconds, as promtool writes them (`ax9`: ten times a; `a+bx9`: growing by b).
    Minutes: not `before`, then it fires `at`, and is over `after`."""

    series: dict[str, str]
    before: int
    at: int
    after: int


def _histogram(name: str, quick: str, slow: str) -> dict[str, str]:
    """Requests below `quick` from the 20th minute on, and between the two before."""
    return {
        f'{name}_bucket{{{OWN},le="{quick}"}}': "0x40 0+10x60",
        f'{name}_bucket{{{OWN},le="{slow}"}}': "0+10x100",
        f'{name}_bucket{{{OWN},le="+Inf"}}': "0+10x100",
    }


CASES = {
    "LlmNoReplica": Case({f"up{{{OWN}}}": "1x10 0x40 1x20"}, before=12, at=20, after=30),
    "LlmQueueGrowing": Case(
        {f"vllm:num_requests_waiting{{{OWN}}}": "0+1x60 0x60", f"up{{{OWN}}}": "1x120"}, before=8, at=20, after=45
    ),
    "LlmCacheFull": Case({f"vllm:kv_cache_usage_perc{{{OWN}}}": "0.99x40 0.4x20"}, before=8, at=15, after=25),
    "LlmFirstTokenSlow": Case(_histogram("vllm:time_to_first_token_seconds", "1", "20"), before=8, at=15, after=35),
    "LlmTokensSlow": Case(_histogram("vllm:inter_token_latency_seconds", "0.02", "1"), before=8, at=15, after=35),
    "LlmGpuIdle": Case(
        {f"vllm:prompt_tokens_total{{{OWN}}}": "5x280 5+10x40", f"up{{{OWN}}}": "1x320"}, before=100, at=130, after=150
    ),
    "LlmGpuError": Case(
        {'DCGM_FI_DEV_XID_ERRORS{gpu="0",Hostname="node",namespace="llm"}': "0x10 79x10 0x10"}, before=3, at=7, after=12
    ),
    "LlmDownloadFailing": Case(
        {
            f'kube_job_status_failed{{{JOB},reason="BackoffLimitExceeded"}}': "0x5 1x40",
            f"kube_job_status_succeeded{{{JOB}}}": "0x20 1x30",
        },
        before=1,
        at=5,
        after=15,
    ),
    "LlmDiskFilling": Case(
        {
            f"kubelet_volume_stats_available_bytes{{{VOLUME}}}": "50x10 5x50 50x20",
            f"kubelet_volume_stats_capacity_bytes{{{VOLUME}}}": "100x90",
        },
        before=15,
        at=25,
        after=35,
    ),
    "LlmCertificateEnding": Case(
        {'envoy_server_days_until_first_cert_expiring{job="llm/gateway"}': "13x150 89x20"}, before=55, at=70, after=80
    ),
    "LlmTooManyRefused": Case(
        {
            f'envoy_cluster_upstream_rq{{{ROUTE},envoy_response_code="429"}}': "0+50x40 2000x40",
            f'envoy_cluster_upstream_rq{{{ROUTE},envoy_response_code="200"}}': "0+50x80",
        },
        before=8,
        at=15,
        after=35,
    ),
    "LlmScalingFails": Case(
        {'keda_scaled_object_errors_total{namespace="llm",scaledObject="chat"}': "0+1x40 40x40"},
        before=8,
        at=15,
        after=35,
    ),
}


def test_every_alert_has_a_case() -> None:
    assert {each.name for each in measured().alerts} == CASES.keys()


def test_prometheus_reads_the_rules(programs: Binaries, rules: Path, plan: MonitoringPlan) -> None:
    done = subprocess.run(
        [str(programs["promtool"]), "check", "rules", "--lint=all", "--lint-fatal", str(rules)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(plan.records) + len(plan.alerts)} rules found" in done.stdout


@pytest.mark.parametrize("alert", CASES)
def test_an_alert_fires_and_resolves(alert: str, programs: Binaries, rules: Path, tmp_path: Path) -> None:
    case = CASES[alert]
    firing = f'count(ALERTS{{alertname="{alert}",alertstate="firing",model=~"(chat)?"}}) or vector(0)'

    def expected(minutes: int, number: int) -> dict[str, Any]:
        return {"expr": firing, "eval_time": f"{minutes}m", "exp_samples": [{"labels": "{}", "value": number}]}

    samples = [expected(case.before, 0), expected(case.at, 1), expected(case.after, 0)]
    holds(programs, tmp_path, case.series, samples, rules)


def test_nobody_is_called_while_all_is_well(programs: Binaries, rules: Path, tmp_path: Path) -> None:
    """Two hours of answers: a queue that is short, a cache that is half full, tokens that come in time."""
    series = {
        f"up{{{OWN}}}": "1x240",
        'up{namespace="llm",model="fast"}': "1x240",
        'up{namespace="llm",model="small"}': "1x240",
        'kube_deployment_status_replicas_available{namespace="llm",deployment="plain"}': "1x240",
        f"vllm:num_requests_waiting{{{OWN}}}": "1x240",
        f"vllm:kv_cache_usage_perc{{{OWN}}}": "0.5x240",
        f"vllm:prompt_tokens_total{{{OWN}}}": "0+10x240",
        f'vllm:time_to_first_token_seconds_bucket{{{OWN},le="1"}}': "0+10x240",
        f'vllm:time_to_first_token_seconds_bucket{{{OWN},le="+Inf"}}': "0+10x240",
        'envoy_server_days_until_first_cert_expiring{job="llm/gateway"}': "60x240",
        f'envoy_cluster_upstream_rq{{{ROUTE},envoy_response_code="200"}}': "0+50x240",
        'DCGM_FI_DEV_XID_ERRORS{gpu="0",Hostname="node"}': "0x240",
    }
    samples = [
        {"expr": 'ALERTS{alertstate="firing"}', "eval_time": f"{minutes}m", "exp_samples": []}
        for minutes in (20, 60, 119)
    ]
    holds(programs, tmp_path, series, samples, rules)
