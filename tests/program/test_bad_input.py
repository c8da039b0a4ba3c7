"""What a person sees who made a mistake in the stack file: through the command, as they would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.program.rehearsed import ROOT, command, reported

SOUND = {
    "tencentcloud:region": "ap-guangzhou",
    "tke-llm:network": {"zones": ["ap-guangzhou-6"]},
    "tke-llm:cluster": {"endpoint": {"access": "public", "allow": ["198.18.0.1/32"]}},
    "tke-llm:pools": {"gpu": {"instanceType": "PNV4.7XLARGE116"}},
    "tke-llm:models": {"chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"}},
}


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def changed(**sections: object) -> str:
    config = {**SOUND, **{f"tke-llm:{name}": value for name, value in sections.items()}}
    return yaml.safe_dump({"config": config})


def chat(**keys: object) -> dict:
    return {"chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", **keys}}


CASES = {
    "unknown key": (changed(models=chat(replica=2)), "models.chat.replica", "replicas"),
    "unknown section": (changed(model={}), "model", "models"),
    "wrong type": (changed(models=chat(replicas="two")), "models.chat.replicas", "number"),
    "impossible value": (changed(models=chat(gpuMemoryUtilization=1.5)), "models.chat.gpuMemoryUtilization", "1"),
    "unknown model": (
        changed(models={"chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7C"}}),
        "models.chat.model",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    ),
    "unknown machine": (
        changed(pools={"gpu": {"instanceType": "PNV4.7XLARGE115"}}),
        "pools.gpu.instanceType",
        "PNV4.7XLARGE116",
    ),
    "unknown zone": (changed(network={"zones": ["ap-guangzhou-66"]}), "network.zones[0]", "ap-guangzhou-6"),
    "pool that is not defined": (changed(models=chat(pool="gpus")), "models.chat.pool", "gpu"),
    "overlapping ranges": (
        changed(network={"zones": ["ap-guangzhou-6"], "cidr": "172.16.0.0/16"}),
        "cluster.serviceCidr",
        "172.16.0.0/16",
    ),
    "secret in a section": (
        changed(models=chat(env={"HF_TOKEN": "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH"})),
        "models.chat.env.HF_TOKEN",
        "--secret",
    ),
    "sealed secret in a section": (
        changed(models=chat(env={"HF_TOKEN": {"secure": "AAABAA=="}})),
        "models.chat.env.HF_TOKEN",
        "tke-llm:hfToken",
    ),
    "secret in clear": (changed(webuiAdminPassword="correct horse"), "webuiAdminPassword", "--secret"),
    "no models": (yaml.safe_dump({"config": {"tke-llm:pools": {}}}), "models", "models"),
    "empty file": ("", "Pulumi.bad.yaml", "tke-llm:models"),
    "a list": ("- config\n", "Pulumi.bad.yaml", "config:"),
    "a single value": ("hello", "Pulumi.bad.yaml", "config:"),
    "broken YAML": ("config: {a: [1,\n", "Pulumi.bad.yaml", ""),
    "not text": ("\x00\x01", "Pulumi.bad.yaml", ""),
}

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))


@each_case
@pytest.mark.parametrize("name", ["check", "rehearse"])
def test_a_mistake_is_named_with_its_place_and_the_nearest_fix(case, name, project):
    text, path, fix = CASES[case]
    (project / "Pulumi.bad.yaml").write_text(text)
    result = command(name, "bad")
    assert result.exit_code == 1
    assert result.stdout.startswith("bad: not ready")
    assert path in result.stdout
    assert fix in " ".join(result.stdout.split())
    assert "Traceback" not in result.output
    assert sorted(entry.name for entry in project.iterdir()) == ["Pulumi.bad.yaml", "Pulumi.yaml"]


@each_case
def test_the_report_of_a_mistake_has_its_place_as_data(case, project):
    text, path, _ = CASES[case]
    (project / "Pulumi.bad.yaml").write_text(text)
    report = reported("check", "bad")
    errors = [each for each in report["diagnostics"] if each["severity"] == "error"]
    assert any(each["path"].startswith(path) for each in errors)
    assert report["ready"] is False
    assert report["errors"] == len(errors)
    assert report["plan"] is None


@pytest.mark.parametrize("secret", ["hf_abcdefghijklmnopqrstuvwxyzABCDEFGH", "correct horse"])
def test_a_secret_in_the_wrong_place_is_not_repeated(secret, project):
    texts = [text for text, _, _ in CASES.values() if secret in text]
    (project / "Pulumi.bad.yaml").write_text(*texts)
    assert secret not in command("check", "bad").output
    assert secret not in command("check", "bad", "--json").output
    assert secret not in command("rehearse", "bad").output


def test_all_mistakes_are_named_in_one_run(project):
    text = changed(
        network={"zones": ["ap-guangzhou-66"]},
        pools={"gpu": {"instanceType": "PNV4.7XLARGE115"}},
        models=chat(replica=2, dtype="bf16"),
        webuiAdminPassword="correct horse",
    )
    (project / "Pulumi.bad.yaml").write_text(text)
    output = command("check", "bad").stdout
    for path in (
        "network.zones[0]",
        "pools.gpu.instanceType",
        "models.chat.replica",
        "models.chat.dtype",
        "webuiAdminPassword",
    ):
        assert path in output


def test_a_stack_that_does_not_exist_is_answered_with_the_nearest_one(project):
    (project / "Pulumi.staging.yaml").write_text(changed())
    result = command("check", "stagin")
    assert result.exit_code == 1
    assert "staging" in result.stdout
    assert "Traceback" not in result.output


def test_what_a_former_rehearsal_wrote_stays_when_the_stack_has_an_error(project):
    (project / "Pulumi.bad.yaml").write_text(changed())
    assert command("rehearse", "bad", "--out", "out").exit_code == 0
    former = {path: path.read_text() for path in (project / "out").rglob("*.yaml")}
    (project / "Pulumi.bad.yaml").write_text(changed(models=chat(replica=2)))
    assert command("rehearse", "bad", "--out", "out").exit_code == 1
    assert former == {path: path.read_text() for path in (project / "out").rglob("*.yaml")}


def test_a_folder_of_the_users_own_is_not_replaced(project):
    (project / "Pulumi.fine.yaml").write_text(changed())
    (project / "mine").mkdir()
    (project / "mine" / "notes.txt").write_text("keep")
    result = command("rehearse", "fine", "--out", "mine")
    assert result.exit_code == 1
    assert "did not write" in result.output
    assert (project / "mine" / "notes.txt").read_text() == "keep"


@pytest.mark.parametrize("arguments", [["check"], ["check", "dev", "--jason"], ["chek", "dev"], ["explain", "NO_SUCH"]])
def test_wrong_usage_ends_with_two(arguments):
    result = command(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize("name", ["check", "rehearse"])
def test_the_command_itself_ends_with_one_and_no_traceback(name, project):
    (project / "Pulumi.bad.yaml").write_text(changed(models=chat(replica=2)))
    ended = subprocess.run(
        [sys.executable, "-m", "cli", name, "bad"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "models.chat.replica" in ended.stdout
    assert ended.stderr == ""


def test_a_check_imports_neither_pulumi_nor_rich():
    code = """
import sys
from cli.main import run
sys.argv[1:] = ["check", "dev"]
try:
    run()
except SystemExit:
    print([name for name in ("pulumi", "rich", "grpc") if name in sys.modules], file=sys.stderr)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=True
    )
    assert ended.stderr.strip() == "[]"
