"""`tke-llm new`: whatever is answered, the file that it writes is short and passes `check`; else it writes nothing."""

import json
import os
import random
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from catalog.load import load
from cli.new.answers import (
    MODELS,
    PLACES,
    PURPOSES,
    AnswerError,
    Answers,
    Demand,
    read_demand,
    read_nodes,
    read_region,
    read_yes,
)
from cli.new.choose import NothingFitsError, file_text, proposals
from cli.new.questions import MOST_QUESTIONS, answers, following
from cli.new.take import take
from cli.text import cells
from tests.unit.terminal import Terminal
from tests.unit.test_cli import command

CATALOG = load()
SHORT = 40
"""Lines of a file that one reads at a glance."""
REFUSED = (
    r"no (single )?machine in .* serves|does not serve|needs .* GiB|nothing may be reached from outside"
    r"|does not run on|has kernels for it from compute capability"
)
"""What stands against some answers: of these nothing can be deployed."""

SEVERAL = "moonshotai/Kimi-K2-Instruct"
"""A model that no single machine of the catalogue holds: 1,000 billion parameters in 8 bits."""
MODELS_OF = {
    "chat": [
        "reasoning",
        "general",
        "code",
        "images",
        "Qwen/Qwen3-32B",
        "openai/gpt-oss-20b",
        "qwen2.5:7b",
        "Qwen/Qwen3-8B",
        "deepseek-ai/DeepSeek-R1",
        SEVERAL,
    ],
    "embed": ["embed", "BAAI/bge-m3", "Qwen/Qwen3-Embedding-8B"],
    "rerank": ["rerank", "BAAI/bge-reranker-v2-m3"],
}
TEXTS = {
    "cluster": ["new", "new", "new", "~/.kube/config", "/etc/it's here/kube config.yaml", "cls-1a2b3c4d"],
    "region": list(CATALOG.regions),
    "nodes": ["cpu", "1 x A10", "2 x T4, 20 cores, 80Gi", "8 x H20, 300 cores, 1500Gi", "cpu, 16 cores, 64Gi"],
    "demand": ["1", "4", "40", "300", "1 gpu", "2 gpus", "16 GPUs"],
    "reach": ["port-forward", "chat.acme.cn", "https://llm.acme.io/"],
    "keep": ["yes", "no"],
}


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: tke-llm\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answered(chance: random.Random) -> dict[str, str]:
    """Answers to all that is asked, by chance, as they are typed."""
    typed: dict[str, str] = {}
    found: dict[str, Any] = {}
    while (question := following(found, CATALOG)) is not None:
        purpose = str(found.get("purpose")).replace("api", "chat")
        of_model = MODELS_OF.get(purpose, [])
        offered = {"purpose": list(PURPOSES), "model": [question.default, *of_model], **TEXTS}[question.key]
        typed[question.key] = chance.choice([*offered, question.default])
        try:
            found[question.key] = question.read(typed[question.key])
        except AnswerError:
            typed[question.key] = question.default
            found[question.key] = question.read(question.default)
    return typed


def flags(typed: dict[str, str]) -> list[str]:
    demand = re.fullmatch(r"(\d+)\s*(gpus?)?", typed.get("demand", "4"), re.IGNORECASE)
    assert demand
    named = {"purpose": "--for", **{key: f"--{key}" for key in ("cluster", "region", "nodes", "model", "reach")}}
    given = [part for key, flag in named.items() if key in typed for part in (flag, typed[key])]
    given += [f"--{'gpus' if demand[2] else 'users'}", demand[1]] if "demand" in typed else []
    return [*given, "--keep" if typed["keep"] == "yes" else "--no-keep"]


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(each, marks=pytest.mark.exhaustive) for each in range(12, 200))]
)
def test_whatever_is_answered_the_file_passes_check_or_it_is_said_that_nothing_fits(here, seed) -> None:
    chance = random.Random(seed)
    typed = answered(chance)
    wish = chance.choice(["", "1", "2", "3"]) if "demand" in typed else ""
    result = command("new", "mine", *flags(typed), *(["--take", wish] if wish else []), "--json")
    file = here / "Pulumi.mine.yaml"
    if result.exit_code == 2:
        assert f"there is no proposal '{wish}'" in result.stderr
        return
    if result.exit_code == 1:
        assert not file.exists()
        assert re.search(REFUSED, result.stderr), result.stderr
        return
    assert result.exit_code == 0, (typed, result.output)
    text = file.read_text()
    assert len(text.splitlines()) <= SHORT
    assert max(map(len, text.splitlines())) <= 120
    checked = command("check", "mine", "--json")
    assert checked.exit_code == 0, (typed, text, checked.stdout)
    plan = json.loads(checked.stdout)["plan"]
    assert list(plan["models"]) == ["chat" if typed["purpose"] == "api" else typed["purpose"]]
    demand = read_demand(typed["demand"]) if "demand" in typed else Demand()
    offered = json.loads(result.stdout)["proposals"]
    assert bool(offered) == ("demand" in typed)
    assert [number for number, each in enumerate(offered, 1) if each["taken"]] == ([int(wish or 1)] if offered else [])
    for each in offered:
        assert demand.gpus is None or each["gpus"] <= demand.gpus
        assert demand.users is None or each["answersAtOnce"] >= demand.users


@pytest.mark.parametrize("task", MODELS)
def test_the_model_of_each_task_is_catalogued_and_one_gpu_serves_it(task) -> None:
    purpose = task if task in PURPOSES else "chat"
    given = Answers(purpose, None, "ap-guangzhou", MODELS[task], Demand(gpus=1), None, None, keep=False)
    assert proposals("mine", given, CATALOG)[0].gpus == 1


def test_the_defaults_are_a_stack_whose_file_says_what_to_change(here) -> None:
    result = command("new", "mine", "--yes")
    assert result.exit_code == 0, result.output
    assert "tke-llm check mine" in result.stdout
    text = (here / "Pulumi.mine.yaml").read_text()
    assert "pulumi config set --path 'tke-llm:cluster.endpoint.allow[0]'" in text
    assert "model: deepseek-ai/DeepSeek-R1-Distill-Qwen-7B" in text


def test_what_comes_next_can_be_typed_where_the_command_is_not_on_path(here, monkeypatch) -> None:
    monkeypatch.setattr("sys.argv", [".venv/bin/tke-llm"])
    monkeypatch.setenv("PATH", str(here))
    assert "  .venv/bin/tke-llm check mine" in command("new", "mine", "--yes").stdout
    (here / "tke-llm").touch(mode=0o755)
    assert "  tke-llm check own" in command("new", "own", "--yes").stdout


def test_never_more_than_seven_questions_and_each_has_a_default_that_it_takes_itself() -> None:
    for cluster in ("new", "~/.kube/config", "cls-1a2b3c4d"):
        found, asked = {}, []
        while (question := following(found, CATALOG)) is not None:
            asked.append(question)
            found[question.key] = question.read(cluster if question.key == "cluster" else question.default)
            assert "\n" not in question.reason
        assert len(asked) <= MOST_QUESTIONS
        given = answers(found, None, {})
        taken = take("mine", given, None, CATALOG, may_ask=False)
        assert file_text("mine", given, taken.proposal, taken.others, CATALOG)


def test_the_cheapest_comes_first_where_prices_are_given_and_no_price_is_made_up(here) -> None:
    plain = json.loads(command("new", "one", "--yes", "--json").stdout)["proposals"]
    assert {each["pricePerHour"] for each in plain} == {None}
    prices = ("--price", "PNV4.7XLARGE116=12.5", "--price", "GT4.4XLARGE96=3")
    priced = json.loads(command("new", "two", "--yes", "--json", *prices).stdout)["proposals"]
    assert [(each["machine"], each["pricePerHour"]) for each in priced][:2] == [
        ("GT4.4XLARGE96", 3.0),
        ("PNV4.7XLARGE116", 12.5),
    ]
    assert "tke-llm:prices: {GT4.4XLARGE96: 3, PNV4.7XLARGE116: 12.5}" in (here / "Pulumi.two.yaml").read_text()
    assert command("check", "two").exit_code == 0


def test_a_machine_that_is_named_is_taken_although_others_come_first(here) -> None:
    result = command("new", "mine", "--yes", "--take", "gn7.2xlarge32", "--model", "Qwen/Qwen3-8B", "--json")
    assert [each["machine"] for each in json.loads(result.stdout)["proposals"]] == ["GN7.2XLARGE32"]
    assert "instanceType: GN7.2XLARGE32, nodes: 2" in (here / "Pulumi.mine.yaml").read_text()
    assert command("check", "mine").exit_code == 0


def test_a_model_that_no_machine_holds_is_laid_over_several_where_that_is_taken(here) -> None:
    refused = command("new", "mine", "--yes", "--model", SEVERAL)
    assert (refused.exit_code, list(here.glob("Pulumi.mine*"))) == (1, [])
    assert "Over several it fits as one server: GT4.41XLARGE948 (1 server over 4 machines" in refused.stderr
    result = command("new", "mine", "--yes", "--model", SEVERAL, "--take", "PNV6.32XLARGE1280", "--json")
    (offered,) = json.loads(result.stdout)["proposals"]
    # Two machines as the sample two-machines has for DeepSeek-R1: 16 GPUs of 96 GB for about 960 GiB of weights.
    assert (offered["machinesPerReplica"], offered["nodes"], offered["gpus"]) == (2, 2, 16)
    plan = json.loads(command("check", "mine", "--json").stdout)["plan"]
    assert (plan["models"]["chat"]["nodes"], plan["models"]["chat"]["pipelineParallel"]) == (2, 2)


def test_several_machines_as_one_are_offered_where_they_hold_as_much_with_fewer_gpus(here) -> None:
    result = command("new", "mine", "--yes", "--model", "deepseek-ai/DeepSeek-R1", "--users", "20", "--json")
    first, *others = json.loads(result.stdout)["proposals"]
    assert (first["taken"], first["machinesPerReplica"]) == (True, 1)
    assert others
    for each in others:
        assert each["machinesPerReplica"] > 1
        assert each["gpus"] < first["gpus"]
        assert each["answersAtOnce"] >= 20


def test_several_machines_are_taken_at_a_terminal_only_by_their_number(here) -> None:
    given = ["--cluster", "new", "--region", "ap-guangzhou", "--users", "4", "--reach", "port-forward", "--no-keep"]
    for typed, code, says in (("\n", 1, "nothing was taken"), ("1\n", 0, "tke-llm rehearse mine")):
        with Terminal(here, "new", "mine", "--for", "api", "--model", SEVERAL, *given) as terminal:
            terminal.until("Which one? [none] ")
            terminal.type(typed)
            terminal.until(says)
            assert terminal.process.wait(30) == code
        assert (here / "Pulumi.mine.yaml").exists() == (code == 0)


def test_a_file_that_is_there_is_not_written_over_unless_asked(here) -> None:
    file = here / "Pulumi.mine.yaml"
    file.write_text("config: {}\n")
    refused = command("new", "mine", "--yes")
    assert (refused.exit_code, file.read_text()) == (1, "config: {}\n")
    assert "--force" in refused.stderr
    assert command("new", "mine", "--yes", "--force").exit_code == 0
    assert "tke-llm:models" in file.read_text()


def test_a_stack_with_secrets_is_never_written_over(here) -> None:
    file = here / "Pulumi.mine.yaml"
    file.write_text("encryptionsalt: v1:abc\nconfig: {}\n")
    refused = command("new", "mine", "--yes", "--force")
    assert refused.exit_code == 1
    assert "secrets" in refused.stderr
    assert file.read_text().startswith("encryptionsalt")


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        (["--for", "fun"], 2, "none of chat, api, embed, rerank"),
        (["--region", "ap-guangzou"], 2, "did you mean ap-guangzhou?"),
        (["--model", "Qwen/Qwen3-8"], 2, "did you mean Qwen/Qwen3-8B?"),
        (["--for", "embed", "--model", "Qwen/Qwen3-8B"], 2, "does not serve 'embed'"),
        (["--model", "deepseek-ai/DeepSeek-R1", "--gpus", "1"], 1, "no machine in ap-guangzhou serves"),
        (["--model", SEVERAL], 1, "no single machine in ap-guangzhou serves"),
        (["--take", "4"], 2, "there is no proposal '4': take one of 1, 2, 3"),
        (["--take", "GN7.2XLARGE3"], 2, "did you mean GN7.2XLARGE32?"),
        (["--take", "GN7.2XLARGE32", "--model", "Qwen/Qwen3-32B"], 1, "GN7.2XLARGE32 does not serve Qwen/Qwen3-32B"),
        (["--cluster", "~/.kube/config", "--take", "1"], 2, "--take is not asked for a cluster that exists"),
        (["--cluster", "mine"], 2, "the path of a kubeconfig"),
        (
            ["--cluster", "~/.kube/config", "--users", "4"],
            2,
            "--users or --gpus is not asked for a cluster that exists",
        ),
        (["--cluster", "~/.kube/config", "--nodes", "1 x X99"], 2, "no GPU X99"),
        (["--cluster", "~/.kube/config", "--model", "Qwen/Qwen3-8B"], 2, "by its tag, such as qwen2.5:0.5b"),
        (["--cluster", "~/.kube/config", "--for", "embed", "--nodes", "cpu"], 2, "without a GPU nothing serves"),
        (["--nodes", "cpu"], 2, "--nodes is not asked for the stack's own cluster"),
        (["--users", "2", "--gpus", "1"], 2, "does not go with --gpus"),
        (["--reach", "not a host"], 2, "host name of yours"),
        (["--address", "here"], 2, "no IPv4 address"),
        (["--price", "A10"], 2, "MACHINE=AMOUNT"),
    ],
)
def test_an_answer_that_cannot_be_taken_is_a_sentence_and_writes_nothing(here, flags, code, says) -> None:
    result = command("new", "mine", "--yes", *flags)
    assert (result.exit_code, says in result.stderr) == (code, True), result.output
    assert [each.name for each in here.iterdir()] == ["Pulumi.yaml"]


@pytest.mark.parametrize("name", ["Mine", "a b", "../x", "x" * 41, ""])
def test_a_name_that_no_stack_can_have_is_refused(here, name) -> None:
    result = command("new", name, "--yes")
    assert result.exit_code == 2
    assert "no name for a stack" in result.stderr


def test_without_a_terminal_it_says_what_to_give_instead_of_waiting(here) -> None:
    result = command("new", "mine", "--for", "chat")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert not (here / "Pulumi.mine.yaml").exists()


def test_what_a_node_has_is_read_in_short_and_in_full() -> None:
    assert (read_nodes("A10", "chat", CATALOG).gpus, read_nodes("2 x t4, 20 cores, 80Gi", "chat", CATALOG).memory) == (
        1,
        80,
    )
    with pytest.raises(AnswerError, match="V100-16, V100-32"):
        read_nodes("1 x V100", "chat", CATALOG)


def test_in_chinese_the_file_is_explained_in_chinese_and_passes_check_all_the_same(here) -> None:
    result = command("--lang", "zh", "new", "mine", "--yes", "--reach", "chat.acme.cn", "--keep")
    assert result.exit_code == 0
    assert "已写入：Pulumi.mine.yaml" in result.stdout
    text = (here / "Pulumi.mine.yaml").read_text()
    comments = [line for line in text.splitlines() if re.match(r"\s*# ", line)]
    english = [line for line in comments if not re.search("[\u4e00-\u9fff]", line)]
    assert [line.split()[1] for line in english] == ["yaml-language-server:", "pulumi"]
    assert max(map(cells, text.splitlines())) <= 120
    assert command("check", "mine").exit_code == 0


def test_a_region_may_be_called_by_its_place_in_chinese() -> None:
    assert read_region("广州", CATALOG) == "ap-guangzhou"
    assert set(PLACES.values()) <= set(CATALOG.regions)


def test_yes_and_no_are_understood_in_chinese_too() -> None:
    assert [read_yes(each) for each in ("yes", "Y", "是", "no", "N", "否")] == [True, True, True, False, False, False]


def test_a_node_that_is_too_small_is_refused_with_the_planners_own_words() -> None:
    nodes = read_nodes("1 x T4", "chat", CATALOG)
    given = Answers("chat", "~/.kube/config", None, "Qwen/Qwen3-32B", None, nodes, None, keep=False)
    with pytest.raises(NothingFitsError, match="Qwen/Qwen3-32B"):
        file_text("mine", given, None, (), CATALOG)


def test_at_a_terminal_it_asks_again_what_it_did_not_understand_and_writes_the_file(here) -> None:
    with Terminal(here, "new", "mine", "--reach", "port-forward") as terminal:
        terminal.until("[chat] ")
        terminal.type("nonsense\n")
        terminal.until("none of chat")
        for prompt in ("[chat] ", "[new] ", "[ap-guangzhou] ", "[reasoning] ", "[4] ", "[no] "):
            terminal.until(prompt)
            terminal.seen = ""
            terminal.type("\n")
        terminal.until("Which one? [1] ")
        terminal.type("many\n")
        terminal.until("there is no proposal 'many': take one of 1, 2, 3")
        terminal.type("2\n")
        terminal.until("tke-llm rehearse mine")
        assert terminal.process.wait(30) == 0
        assert "\x1b[" not in terminal.seen
    assert "instanceType: GN10X.2XLARGE40" in (here / "Pulumi.mine.yaml").read_text()


@pytest.mark.parametrize("how", ["interrupt", "end of input"])
def test_ctrl_c_and_the_end_of_input_write_nothing_and_leave_no_traceback(here, how) -> None:
    with Terminal(here, "new", "mine") as terminal:
        terminal.until("[chat] ")
        terminal.type("\n")
        terminal.until("[new] ")
        if how == "interrupt":
            os.kill(terminal.process.pid, signal.SIGINT)
            # One that comes between the prompt and the reading of an answer is heard when something was read.
            terminal.type("\n")
        else:
            terminal.type("\x04")
        terminal.until("nothing was written")
        assert terminal.process.wait(30) == (130 if how == "interrupt" else 1)
        assert "Traceback" not in terminal.seen
    assert [each.name for each in here.iterdir()] == ["Pulumi.yaml"]
