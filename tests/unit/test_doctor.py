"""`tke-llm doctor`, with programs called pulumi, uv and kubectl that answer as those do (pulumi 3.246.0 was asked)."""

import json
import socket
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from cli.doctor import account, machine, tools
from cli.doctor.tools import PLUGINS
from tests.unit.test_cli import command
from tests.unit.test_deployed import program

SECRET_ID, SECRET_KEY, PASSPHRASE = "AKID-of-the-test", "key-of-the-test", "passphrase-of-the-test"
PULUMI = """
import json, pathlib, sys
said = json.loads(pathlib.Path("HERE/said.json").read_text())
words = [each for each in sys.argv[1:] if not each.startswith("-")]
answer = said.get(" ".join(words[:2]), said.get(words[0]))
if answer is None:
    sys.stderr.write("error: no stack named 'dev' found\\n")
    sys.exit(1)
print(answer if isinstance(answer, str) else json.dumps(answer))
"""


class Pulumi:
    """What the program called pulumi says, by its first words; None: it refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        plugins = [{"name": name, "kind": "resource", "version": version(package)} for name, package in PLUGINS.items()]
        self.said: dict[str, object] = {
            "version": "v3.246.0",
            "whoami": {"user": "me", "url": "file:///home/me/state"},
            "plugin ls": plugins,
            "stack ls": [{"name": "dev", "current": True, "resourceCount": 0}],
        }
        self.write()

    def write(self, **changes: object) -> None:
        self.said |= {name.replace("_", " "): value for name, value in changes.items()}
        (self.folder / "said.json").write_text(json.dumps(self.said))


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    """A machine that lacks nothing."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    program(bin_, "pulumi", PULUMI)
    for name in ("pulumi-language-python", "pulumi-language-python-exec"):
        program(bin_, name, "")
    program(bin_, "uv", "print('uv 0.13.9 (linux)')")
    program(bin_, "go", "print('go version go1.26.8 linux/amd64')")
    program(bin_, "kubectl", """print('{"clientVersion": {"gitVersion": "v1.32.4"}}')""")
    monkeypatch.setenv("PATH", str(bin_))
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", SECRET_ID)
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE_FILE", raising=False)
    # The sums of this machine's own built programs take seconds, and say nothing of what is asked here.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return Pulumi(bin_)


def checks(*arguments: str) -> dict[str, dict[str, str]]:
    return {each["name"]: each for each in json.loads(command("doctor", *arguments, "--json").stdout)["checks"]}


@pytest.mark.parametrize("arguments", [["dev"], [], ["dev", "--json"]])
def test_a_machine_that_lacks_nothing_is_told_so_and_no_secret_is_shown(pulumi: Pulumi, arguments: list[str]) -> None:
    result = command("doctor", *arguments)
    assert result.exit_code == 0, result.output
    assert "missing  " not in result.stdout
    for secret in (SECRET_ID, SECRET_KEY, PASSPHRASE):
        assert secret not in result.output


def test_without_pulumi_everything_that_can_be_looked_at_still_is(
    pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = checks("dev")
    lacking = {name for name, each in found.items() if each["state"] == "missing"}
    assert lacking == {"uv", "pulumi"}
    assert found["backend"]["state"] == "unknown"
    assert found["stack file"]["state"] == "ok"
    assert "get.pulumi.com" in found["pulumi"]["fix"]
    assert command("doctor", "dev").exit_code == 1


def test_what_only_other_commands_need_fails_nothing(pulumi: Pulumi) -> None:
    for name in ("kubectl", "go"):
        (pulumi.folder / name).unlink()
    result = command("doctor", "dev")
    assert result.exit_code == 0, result.output
    assert "chat, smoke, status and logs need it" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("said", "name", "found", "fix"),
    [
        ({"version": "v3.100.0"}, "pulumi", "3.100.0, older than 3.246.0", "get.pulumi.com"),
        ({"whoami": None}, "backend", "not logged in", "pulumi login"),
        ({"plugin_ls": []}, "plugin tencentcloud", "is not installed", "--server github://api.github.com"),
        ({"stack_ls": []}, "stack", "has no stack dev", "pulumi stack init dev"),
    ],
)
def test_what_is_missing_is_named_with_the_command_that_mends_it(
    pulumi: Pulumi, said: dict[str, object], name: str, found: str, fix: str
) -> None:
    pulumi.write(**said)
    check = checks("dev")[name]
    assert check["state"] == "missing"
    assert found in check["found"]
    assert fix in check["fix"]
    assert command("doctor", "dev").exit_code == 1


@pytest.mark.exhaustive
def test_without_the_language_plugins_no_program_runs(pulumi: Pulumi) -> None:
    (pulumi.folder / "pulumi-language-python-exec").unlink()
    assert "pulumi-language-python-exec" in checks("dev")["language"]["found"]


@pytest.mark.exhaustive
def test_a_stack_on_a_cluster_that_exists_asks_for_no_account(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENCENTCLOUD_SECRET_ID")
    pulumi.write(plugin_ls=[], stack_ls=[{"name": "local", "current": True}])
    found = checks("local")
    assert "credentials" not in found
    assert "plugin tencentcloud" not in found
    assert checks("dev")["credentials"]["found"] == "TENCENTCLOUD_SECRET_ID not set"


@pytest.mark.exhaustive
def test_a_key_that_is_sealed_in_the_stack_file_serves_as_one(
    pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TENCENTCLOUD_SECRET_KEY")
    sealed = "".join(f"  tencentcloud:{name}: {{secure: v1:abc}}\n" for name in ("secretId", "secretKey"))
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(Path("Pulumi.dev.yaml").read_text(encoding="utf-8") + sealed, encoding="utf-8")
    assert checks(str(file))["credentials"]["state"] == "ok"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("text", "state", "found"),
    [(None, "missing", "cannot be read"), ("", "missing", "is empty"), ("words", "ok", "in ")],
)
def test_a_passphrase_may_be_in_a_file(
    pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None, state: str, found: str
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    assert "neither" in checks("dev")["passphrase"]["found"]
    file = tmp_path / "passphrase"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE_FILE", str(file))
    check = checks("dev")["passphrase"]
    assert (check["state"], found in check["found"]) == (state, True)


@pytest.mark.exhaustive
def test_pulumi_cloud_asks_for_no_passphrase_unless_the_stack_was_made_with_one(
    pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    pulumi.write(whoami={"user": "me", "url": "https://app.pulumi.com/me"})
    assert "passphrase" not in checks("dev")
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(f"{Path('Pulumi.dev.yaml').read_text(encoding='utf-8')}encryptionsalt: v1:abc\n", encoding="utf-8")
    assert checks(str(file))["passphrase"]["state"] == "missing"


@pytest.mark.exhaustive
def test_a_backends_own_user_and_password_are_not_shown(pulumi: Pulumi) -> None:
    pulumi.write(whoami={"url": "s3://me:hidden@bucket/path?region=x&key=hidden"})
    assert checks("dev")["backend"]["found"] == "s3://bucket/path"


@pytest.mark.exhaustive
def test_a_stack_file_with_errors_is_left_to_check(pulumi: Pulumi, tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text("config: {tke-llm:models: {}}\n")
    check = checks(str(file))["stack file"]
    assert (check["state"], check["fix"]) == ("missing", f"tke-llm check {file}")


@pytest.mark.exhaustive
def test_another_selected_stack_is_no_fault_but_told(pulumi: Pulumi) -> None:
    pulumi.write(stack_ls=[{"name": "me/dev", "current": False, "resourceCount": 3}])
    check = checks("dev")["stack"]
    assert check["state"] == "advice"
    assert check["fix"] == "pulumi stack select dev"


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def kubeconfig(port: int) -> str:
    return json.dumps(
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {"server": f"https://127.0.0.1:{port}"}}],
        }
    )


@pytest.mark.exhaustive
def test_the_endpoint_of_a_stack_that_is_up_is_knocked_at(pulumi: Pulumi, listening: socket.socket) -> None:
    assert "endpoint" not in checks("dev")
    port = listening.getsockname()[1]
    up = [{"name": "dev", "current": True, "resourceCount": 49}]
    pulumi.write(stack_ls=up, stack_output=json.dumps(kubeconfig(port)))
    assert checks("dev")["endpoint"]["found"] == f"127.0.0.1:{port} answers"
    listening.close()
    check = checks("dev")["endpoint"]
    assert check["state"] == "missing"
    assert "cluster.endpoint.allow" in check["fix"]


@pytest.mark.exhaustive
@pytest.mark.parametrize("text", ["", "{", "contexts: 1", json.dumps({"current-context": "c", "contexts": []})])
def test_a_kubeconfig_that_leads_nowhere_is_told(pulumi: Pulumi, text: str) -> None:
    pulumi.write(stack_ls=[{"name": "dev", "current": True, "resourceCount": 49}], stack_output=json.dumps(text))
    assert checks("dev")["endpoint"]["found"] == "the kubeconfig names no server"


@pytest.mark.exhaustive
def test_the_kubeconfig_of_a_cluster_that_exists_is_the_one_that_is_looked_at(
    pulumi: Pulumi, listening: socket.socket, tmp_path: Path
) -> None:
    path = tmp_path / "kubeconfig"
    text = Path("Pulumi.local.yaml").read_text(encoding="utf-8").replace("~/.kube/config", str(path))
    file = tmp_path / "Pulumi.local.yaml"
    file.write_text(text, encoding="utf-8")
    assert checks(str(file))["endpoint"]["found"] == f"{path} cannot be read"
    path.write_text(kubeconfig(listening.getsockname()[1]))
    assert checks(str(file))["endpoint"]["state"] == "ok"


@pytest.mark.exhaustive
def test_a_program_that_never_answers_is_given_up(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "SECONDS", 0.5)
    program(pulumi.folder, "kubectl", "import time; time.sleep(600)")
    assert "gave no answer within" in checks()["kubectl"]["found"]


@pytest.mark.exhaustive
def test_a_full_disk_is_a_fault(pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "ROOM", 1e18)
    assert checks()["disk"]["state"] == "missing"


def test_every_missing_or_advised_thing_has_a_way_to_mend_it(
    pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(account, "CREDENTIALS", ("NOBODY_SETS_THIS",))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    pulumi.write(whoami=None, plugin_ls=[], version="v1.0.0")
    for each in checks("dev").values():
        assert each["fix"] or each["state"] == "ok", each
