"""The pure parts that all pods share."""

import pytest

from components.workloads import kube
from planner.plan.server import ExecProbe, HttpProbe, Resources, Scratch


def a_pod(**changes: object) -> dict[str, object]:
    given = {"security": kube.pod_security(1000, 1000), "containers": [], "volumes": [], "node_selector": {}}
    return dict(kube.pod(**{**given, **changes}))  # pyright: ignore[reportArgumentType]


def test_a_pod_holds_no_credential_and_sees_no_service_variables() -> None:
    pod = a_pod()
    assert pod["automount_service_account_token"] is False
    assert pod["enable_service_links"] is False


def test_only_a_pod_of_user_zero_may_run_as_root() -> None:
    assert kube.pod_security(1000, 0)["run_as_non_root"] is True  # pyright: ignore[reportTypedDictNotRequiredAccess]
    assert kube.pod_security(0, 1000)["run_as_non_root"] is False  # pyright: ignore[reportTypedDictNotRequiredAccess]


def test_every_pod_runs_under_the_runtimes_seccomp_profile_without_capabilities() -> None:
    assert kube.pod_security(0, 0).get("seccomp_profile") == {"type": "RuntimeDefault"}
    security = kube.container_security()
    assert security.get("allow_privilege_escalation") is False
    assert security.get("capabilities") == {"drop": ["ALL"]}


def test_a_volume_is_handed_to_a_group_only_where_one_is_named() -> None:
    assert kube.pod_security(1000, 0, 1000).get("fs_group") == 1000
    assert "fs_group" not in kube.pod_security(1000, 0)


def test_a_pod_asks_for_no_node_taint_or_secret_that_it_does_not_need() -> None:
    assert not {"node_selector", "tolerations", "image_pull_secrets"} & a_pod().keys()


def test_a_pull_secret_is_named() -> None:
    assert a_pod(pull_secret="tcr")["image_pull_secrets"] == [{"name": "tcr"}]


def test_a_taint_without_a_value_is_tolerated_by_its_key() -> None:
    assert kube.toleration("eklet", "", "NoSchedule") == {"key": "eklet", "operator": "Exists", "effect": "NoSchedule"}
    assert kube.toleration("gpu", "present", "NoSchedule") == {
        "key": "gpu",
        "operator": "Equal",
        "value": "present",
        "effect": "NoSchedule",
    }
    assert kube.toleration("gpu", "", "") == {"key": "gpu", "operator": "Exists"}


@pytest.mark.parametrize(
    ("millicores", "mebibytes", "written"),
    [(18000, 18432, ("18", "18Gi")), (500, 1499, ("500m", "1499Mi")), (1500, 20971520, ("1500m", "20Ti"))],
)
def test_quantities_have_the_form_in_which_the_api_server_writes_them(
    millicores: int, mebibytes: int, written: tuple[str, str]
) -> None:
    """Seen of `Quantity` in k8s.io/apimachinery 0.36.4, decoded and encoded. The webhook of LeaderWorkerSet writes a
    custom resource anew in this form, and any other would differ from it at every `up`."""
    cpu, memory = written

    assert kube.requirements(Resources(cpu_millis=millicores, memory_mib=mebibytes, gpus=0)) == {
        "requests": {"cpu": cpu, "memory": memory},
        "limits": {"memory": memory},
    }


def test_gpus_and_memory_are_limited_to_what_is_requested_and_cpu_is_not() -> None:
    rendered = kube.requirements(Resources(cpu_millis=1500, memory_mib=2048, gpus=2))
    assert rendered == {
        "requests": {"cpu": "1500m", "memory": "2Gi", "nvidia.com/gpu": "2"},
        "limits": {"memory": "2Gi", "nvidia.com/gpu": "2"},
    }


def test_a_pod_without_gpus_does_not_mention_any() -> None:
    assert "nvidia" not in str(kube.requirements(Resources(100, 64, 0)))


def test_a_probe_keeps_its_budget_and_names_the_port() -> None:
    assert kube.probe(HttpProbe("/health", period=10, failures=90, timeout=2, delay=15)) == {
        "http_get": {"path": "/health", "port": "http"},
        "period_seconds": 10,
        "failure_threshold": 90,
        "timeout_seconds": 2,
        "initial_delay_seconds": 15,
    }
    assert "initial_delay_seconds" not in kube.probe(HttpProbe("/health", period=10, failures=3))


def test_shared_memory_is_memory_with_a_bound() -> None:
    volume, mount = kube.scratch_volume(Scratch("shm", "/dev/shm", size_mib=512, memory=True))
    assert volume == {"name": "shm", "empty_dir": {"medium": "Memory", "size_limit": "512Mi"}}
    assert mount == {"name": "shm", "mount_path": "/dev/shm"}


def test_scratch_on_disk_has_a_bound_too() -> None:
    volume, _ = kube.scratch_volume(Scratch("home", "/home", size_mib=1024))
    assert volume == {"name": "home", "empty_dir": {"size_limit": "1Gi"}}


def test_a_probe_may_run_a_command() -> None:
    assert kube.probe(ExecProbe(("test", "-f", "/loaded"), period=10, failures=60)) == {
        "exec_": {"command": ["test", "-f", "/loaded"]},
        "period_seconds": 10,
        "failure_threshold": 60,
        "timeout_seconds": 1,
    }


def test_no_container_writes_outside_its_volumes() -> None:
    assert kube.container_security().get("read_only_root_filesystem") is True


def test_a_selector_is_part_of_the_labels_and_does_not_name_the_engine() -> None:
    labels = kube.labels("vllm", "chat", "inference")
    selector = kube.selector("chat", "inference")
    assert selector.items() <= labels.items()
    assert "vllm" not in selector.values()
