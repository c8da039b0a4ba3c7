import base64
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from cli.folder import replace_folder
from rehearsal.kinds import KINDS
from rehearsal.manifests import manifests
from rehearsal.registration import MASK, Registration, Secret


def an_object(kind: str, name: str, *waits_for: str, **inputs) -> Registration:
    metadata = {"name": name, "namespace": "llm", **inputs.pop("metadata", {})}
    given = {"apiVersion": "v1", "kind": kind, "metadata": metadata, **inputs}
    return Registration(
        type=next(each for each in KINDS if each.startswith("kubernetes:") and each.endswith(f":{kind}")),
        name=name,
        urn=f"{kind}/{name}",
        parent="",
        custom=True,
        inputs=given,
        id=f"llm/{name}",
        outputs=given,
        dependencies=waits_for,
    )


def written(*registrations: Registration) -> dict[str, dict]:
    return {each.file: yaml.safe_load(each.text) for each in manifests(registrations)}


def test_manifests_are_numbered_in_the_order_in_which_they_can_be_applied():
    files = written(
        an_object("Namespace", "llm"),
        an_object("Service", "chat", "Namespace/llm"),
        an_object("Secret", "key", "Namespace/llm"),
        an_object("Deployment", "chat", "Secret/key"),
    )
    assert list(files) == [
        "01-namespace-llm.yaml",
        "02-secret-key.yaml",
        "03-service-chat.yaml",
        "04-deployment-chat.yaml",
    ]


def test_an_object_comes_after_those_it_needs_through_something_else():
    password = Registration("random:index/randomPassword:RandomPassword", "p", "p", "", True, {}, "none", {})
    password = Registration(**{**vars(password), "dependencies": ("Deployment/late",)})
    files = written(an_object("Deployment", "late"), password, an_object("Secret", "early", "p"))
    assert list(files) == ["01-deployment-late.yaml", "02-secret-early.yaml"]


def test_a_secret_is_masked_and_can_still_be_applied():
    given = an_object("Secret", "key", stringData=Secret({"a": "hidden-1"}), data={"b": "aGlkZGVuLTI="})
    (content,) = written(given).values()
    assert content["stringData"] == {"a": MASK}
    assert base64.b64decode(content["data"]["b"], validate=True).decode() == MASK


def test_a_secret_value_anywhere_is_masked():
    given = an_object("Job", "p", spec={"env": [{"name": "KEY", "value": Secret("hidden")}]})
    (content,) = written(given).values()
    assert content["spec"]["env"] == [{"name": "KEY", "value": MASK}]


def test_directions_to_pulumi_are_left_out_and_other_annotations_kept():
    kept = {"metadata": {"annotations": {"pulumi.com/skipAwait": "true", "example.com/a": "b"}}}
    alone = {"metadata": {"annotations": {"pulumi.com/skipAwait": "true"}}}
    files = written(an_object("Service", "a", **kept), an_object("Service", "b", **alone))
    assert files["01-service-a.yaml"]["metadata"]["annotations"] == {"example.com/a": "b"}
    assert "annotations" not in files["02-service-b.yaml"]["metadata"]


def test_only_objects_of_kubernetes_become_manifests():
    vpc = Registration("tencentcloud:Vpc/instance:Instance", "v", "v", "", True, {"name": "v"}, "vpc-1", {})
    release = Registration("kubernetes:helm.sh/v3:Release", "r", "r", "", True, {"chart": "c"}, "r", {})
    assert written(vpc, release) == {}


def test_what_a_former_run_left_is_gone_and_what_is_new_is_there(tmp_path):
    folder = tmp_path / "out" / "dev"
    replace_folder(folder, {"manifests/01-old.yaml": "old", "plan.json": "1"})
    paths = replace_folder(folder, {"manifests/01-new.yaml": "new", "plan.json": "2"})
    assert sorted(path.name for path in folder.rglob("*.yaml")) == ["01-new.yaml"]
    assert (folder / "plan.json").read_text() == "2"
    assert all(path.is_file() for path in paths)
    assert [path.name for path in folder.parent.iterdir()] == ["dev"]


def test_a_folder_of_someone_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="did not write"):
        replace_folder(tmp_path, {"plan.json": "{}"})
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_persons_file_among_our_own_keeps_the_folder_as_it_is(tmp_path):
    folder = tmp_path / "dev"
    replace_folder(folder, {"manifests/01-old.yaml": "old"})
    (folder / "manifests" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"notes\.txt"):
        replace_folder(folder, {"manifests/01-new.yaml": "new"})
    assert {path.name for path in folder.rglob("*.*")} == {"01-old.yaml", "notes.txt", ".tke-llm"}


def test_a_link_is_not_followed_to_where_it_leads(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "dev").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        replace_folder(tmp_path / "dev", {"plan.json": "{}"})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_many_runs_at_once_all_succeed_and_leave_the_files_of_one_of_them(tmp_path):
    folder = tmp_path / "dev"
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: replace_folder(folder, {"a": str(n), f"only-{n}": ""}), range(60)))
    winner = (folder / "a").read_text()
    assert {path.name for path in folder.iterdir()} == {"a", f"only-{winner}", ".tke-llm"}
    assert [path.name for path in tmp_path.iterdir()] == ["dev"]


def test_what_a_killed_run_left_beside_the_folder_goes_with_the_next(tmp_path):
    folder = tmp_path / "dev"
    dies = (
        "import os, pathlib; from cli import folder as out; out.shutil.rmtree = lambda *_, **__: os._exit(9); "
        f"folder = pathlib.Path({str(folder)!r}); out.replace_folder(folder, {{'a': ''}})"
    )
    replace_folder(folder, {"a": "old"})
    subprocess.run([sys.executable, "-c", dies], cwd=Path(__file__).parents[2], check=False)
    assert len(list(tmp_path.iterdir())) > 1
    replace_folder(folder, {"a": "new"})
    assert [path.name for path in tmp_path.iterdir()] == ["dev"]


def test_a_long_name_is_written_as_a_short_one(tmp_path):
    (path,) = replace_folder(tmp_path / ("a" * 250), {"plan.json": "{}"})
    assert path.read_text() == "{}"


def test_a_failure_while_writing_leaves_the_former_results(tmp_path):
    folder = tmp_path / "dev"
    replace_folder(folder, {"plan.json": "old"})
    with pytest.raises(OSError):  # noqa: PT011  which one is the system's choice
        replace_folder(folder, {"plan.json": "new", "plan.json/below": "a file is no folder"})
    assert (folder / "plan.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["dev"]
