"""What the command says in Chinese has no English sentence left in it."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from cli.language import set_language
from cli.main import app
from planner.diagnostics.explain import codes
from tests.program.rehearsed import NAMES, ROOT, command, each_of

SENTENCE = re.compile(r"\b[A-Za-z][a-z']+(?: [a-z][a-z']*){2,}")
"""Three words of prose in a row."""
QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"|'[^']*'|https?://\S+|(?:tke-llm|kubectl|pulumi|make)(?: [\w./-]+)+")
"""Code, addresses and commands."""
NAMES_OF_THINGS = ("kubernetes provider", "No such file or directory")
"""What the tree of resources and the system call them."""


@pytest.fixture(autouse=True)
def folder_of_ones_own(tmp_path, monkeypatch, told):
    for file in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    yield
    set_language("en")


def english(text: str) -> list[str]:
    for name in NAMES_OF_THINGS:
        text = text.replace(name, "")
    return SENTENCE.findall(QUOTED.sub(" ", text))


def chinese(*arguments: str) -> str:
    return command("--lang", "zh", *arguments).output


@each_of(NAMES)
@pytest.mark.parametrize("asked", [("check",), ("check", "--all"), ("rehearse",), ("rehearse", "--all")])
def test_a_sample_is_told_in_chinese(name, asked):
    said = chinese(asked[0], name, *asked[1:])
    assert name in said
    assert english(said) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit", "deepseek-ai/DeepSeek-R1"),
        ("fit", "Qwen/Qwen3-8B", "--price", "PNV4.7XLARGE116=12.5"),
        ("fit", "Qwen/Qwen3-9B"),
        ("fit", "Qwen/Qwen3-8B", "--gpu", "A11"),
        ("fit", "--all", "--gpu", "H20-96"),
        ("doctor",),
        ("doctor", "dev"),
        ("explain", "NO_SUCH_CODE"),
        ("status", "dev"),
        ("logs", "dev"),
        ("chat", "dev", "--message", "x"),
        ("smoke", "dev"),
        ("usage", "dev"),
        ("bench",),
        ("check", "nothing"),
        ("new", "--users", "x"),
        ("fit", "--bla"),
        ("chek",),
        ("rehearse",),
        ("rehearse", "dev", "--then", "t4"),
        ("model", "add", "nowhere"),
    ],
    ids=" ".join,
)
def test_every_command_answers_in_chinese(arguments, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    said = chinese(*arguments)
    assert re.search(r"[\u4e00-\u9fff]", said)
    assert english(said) == []


def test_every_code_is_explained_in_chinese():
    """Sources are cited as they are called."""
    wrong = {}
    for code in codes():
        said = chinese("explain", code)
        head, _, rest = said.partition("\n示例\n")
        prose = head + re.sub(r"(?s)^.*?\n\n", "", rest).partition("来源")[0]
        if left := english(prose):
            wrong[code] = left
    assert not wrong


def test_every_help_page_is_in_chinese():
    names = [each.callback.__name__ for each in app.registered_commands if each.callback]
    pages = [[], *([name] for name in names), ["model"], ["model", "add"]]
    script = (
        "import sys; from typer.testing import CliRunner; from cli.main import app\n"
        f"for page in {pages!r}: print(CliRunner().invoke(app, ['--lang', 'zh', *page, '--help']).output)"
    )
    arguments = [sys.executable, "-c", script, "--lang", "zh"]
    done = subprocess.run(arguments, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True)
    assert done.stdout.count("用法：") == len(pages)
    assert english(done.stdout) == []
