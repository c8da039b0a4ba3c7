"""What our documents show works: commands run, stack files pass `check`, and what is named exists.

A block of commands that need more than a clone is marked, by the line before it: `<!-- needs: account -->`. A piece of
a stack file is checked in the place of the same sections of the stack `dev`, or of the one that `<!-- on: NAME -->`
names, with the secrets that the page sets.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from cli.main import app
from planner.diagnostics.explain import codes
from policy.rules import RULES
from tests.unit.documents import ROOT
from tools import links

GENERATED = {"docs/configuration.md", "docs/diagnostics.md"}
"""Held by the tests of what generates them."""
PAGES = {
    name: path.read_text(encoding="utf-8")
    for path in links.files()
    if (name := path.relative_to(ROOT).as_posix()) not in GENERATED
}
NEEDS = {"account", "registry", "docker", "repository"}
BLOCK = re.compile(r"(?:^ *<!-- (needs|on): ([\w-]+) -->\n)?^( *)```(\w*)\n(.*?)^\3```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:uv run |\.venv/bin/)?(tke-llm .*)$")
VARIABLES = r"(PULUMI|TENCENTCLOUD|API|LC|RAG|ENABLE|LDAP|BYPASS|OPENAI|OLLAMA|VLLM|USE|LLM|MODELSCOPE)_[A-Z_]+"
"""Variables, which are named in capitals too."""
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
RUN_BY_CI = "".join(path.read_text(encoding="utf-8") for path in [ROOT / ".ci/run", *ROOT.glob(".github/workflows/*")])
TARGETS = set(re.findall(r"^([a-z0-9-]+):(?!=)", MAKEFILE, re.MULTILINE))

BIG = """
config:
  tencentcloud:region: ap-guangzhou
  tke-llm:network: {zones: [ap-guangzhou-6]}
  tke-llm:cluster: {endpoint: {access: intranet}}
  tke-llm:pools: {gpu: {instanceType: GN7.2XLARGE32}}
  tke-llm:models: {chat: {model: deepseek-ai/DeepSeek-R1-Distill-Qwen-32B, dtype: bfloat16}}
  tke-llm:webui: {adminEmail: chat@acme.io}
"""
"""What the README has `check` refuse: a 32B model, in bfloat16, on one T4."""


@dataclass(frozen=True)
class Block:
    """`mark` and `marked` are of the line before it: ``needs`` or ``on``, and what it says."""

    language: str
    text: str
    mark: str = ""
    marked: str = ""


@dataclass(frozen=True)
class Shown:
    """A command, and the lines below it that it prints."""

    command: str
    output: tuple[str, ...]


def blocks(text: str) -> Iterator[Block]:
    for mark, marked, indent, language, inside in BLOCK.findall(text):
        lines = [line.removeprefix(indent) for line in inside.splitlines()]
        yield Block(language, "\n".join(lines) + "\n", mark, marked)


def shown(block: Block) -> list[Shown]:
    """The commands of a console, without their comments."""
    joined = re.sub(r" *\\\n\s*", " ", block.text)
    parts = re.split(r"^\$ ", joined, flags=re.MULTILINE)[1:]
    return [
        Shown(re.sub(r"\s+#\s.*$", "", first), tuple(rest.rstrip("\n").splitlines()) if rest.strip() else ())
        for first, _, rest in (part.partition("\n") for part in parts)
    ]


def pieces(text: str) -> list[tuple[str, dict[str, object]]]:
    """Each piece of a stack file: the stack that it is put into, and its sections."""
    found = []
    for block in blocks(text):
        held = yaml.safe_load(block.text) if block.language == "yaml" else None
        sections = held.get("config", held) if isinstance(held, dict) else {}
        if any(str(key).startswith("tke-llm:") for key in sections):
            base = "" if held is not None and "config" in held else block.marked or "dev"
            found.append((base, sections))
    return found


def secrets_of(text: str) -> dict[str, object]:
    """The secrets that a page has its readers set, sealed as Pulumi writes them."""
    found: dict[str, object] = {}
    for name, key in re.findall(r"config set --secret (?:--path )?'?(tke-llm:\w+)(?:\.(\w+))?", text):
        sealed = {"secure": "v1:sealed"}
        found[name] = {**found.get(name, {}), key: sealed} if key else sealed
    return found


def spans(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", BLOCK.sub("", text)) + [
        each.command for block in blocks(text) if block.language == "console" for each in shown(block)
    ]


def unknown(command: str) -> str | None:
    """The first word of a `tke-llm` command that the command does not have; capitals and `…` stand for any word."""
    at: Any = typer.main.get_command(app)
    words = iter(command.split()[1:])
    for word in words:
        commands = getattr(at, "commands", {})
        if word in commands:
            at = commands[word]
        elif word.startswith("--"):
            named = re.split(r"[=,:;.)]", word)[0]
            options = {name: each for each in at.params for name in (*each.opts, *each.secondary_opts)}
            if named not in {"--help", *options}:
                return named
            if commands and not options[named].is_flag:
                next(words, None)
        elif commands and word != "…" and not word.isupper():
            return word
    return None


def runs_elsewhere(command: str) -> None:
    """What make does is run by CI, but for its list of targets; a search is made here."""
    if command.startswith("grep "):
        subprocess.run(["bash", "-euo", "pipefail", "-c", command], check=True, stdout=subprocess.PIPE)
        return
    made = re.match(r"make ([a-z-]+)", command)
    assert made, f"{command}: neither ours nor marked"
    assert made[1] == "help" or f"make {made[1]}" in RUN_BY_CI, command


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As much of a clone as the command reads."""
    for file in [ROOT / "Pulumi.yaml", *ROOT.glob("Pulumi.*.yaml")]:
        shutil.copy(file, tmp_path)
    (tmp_path / "Pulumi.big.yaml").write_text(BIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def with_commands() -> list[str]:
    """Pages that show commands which are not marked. The Chinese README has those of the English one."""
    return [
        name
        for name, text in PAGES.items()
        if any(block.language == "console" and block.mark != "needs" for block in blocks(text))
        and name != "README.zh-CN.md"
    ]


def test_marks_are_few_and_known() -> None:
    marks = {block.marked for text in PAGES.values() for block in blocks(text) if block.mark == "needs"}
    assert marks <= NEEDS
    assert "account" in marks


@pytest.mark.parametrize("page", with_commands())
def test_every_command_that_is_not_marked_runs_and_prints_what_is_shown(page: str, clone: Path) -> None:
    for block in blocks(PAGES[page]):
        for each in shown(block) if block.language == "console" and block.mark != "needs" else ():
            ours = COMMAND.match(each.command)
            if ours is None:
                runs_elsewhere(each.command)
                continue
            result = CliRunner().invoke(app, shlex.split(ours[1])[1:])
            assert not isinstance(result.exception, Exception), f"{each.command}: {result.output}"
            assert result.exit_code in ((0, 1) if each.output else (0,)), f"{each.command}: {result.output}"
            until = each.output.index("…") if "…" in each.output else len(each.output)
            assert result.stdout.splitlines()[:until] == list(each.output[:until])
    for written in re.findall(r"`(out/mine/[^`]+)`", PAGES[page]):
        assert (clone / written).exists(), written


@pytest.mark.parametrize("page", [name for name, text in PAGES.items() if pieces(text)])
def test_every_piece_of_a_stack_file_passes_check(page: str, clone: Path) -> None:
    secrets = secrets_of(PAGES[page])
    for base, sections in pieces(PAGES[page]):
        whole = yaml.safe_load((clone / f"Pulumi.{base}.yaml").read_text(encoding="utf-8"))["config"] if base else {}
        (clone / "Pulumi.shown.yaml").write_text(
            yaml.safe_dump({"config": {**whole, **secrets, **sections}}), encoding="utf-8"
        )
        result = CliRunner().invoke(app, ["check", "shown"])
        assert result.exit_code == 0, f"{sections}\n{result.output}"


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_target_that_is_named_exists(page: str) -> None:
    for span in spans(PAGES[page]):
        ours = COMMAND.match(span)
        assert ours is None or unknown(ours[1]) is None, span
        if span.startswith("make "):
            named = [word for word in span.split("#")[0].split("&&")[0].split()[1:] if "=" not in word]
            assert set(named) <= TARGETS, span


@pytest.mark.parametrize("page", [name for name in PAGES if not name.startswith("images/")])
def test_every_code_and_rule_that_is_named_exists(page: str) -> None:
    named = {span for span in spans(PAGES[page]) if re.fullmatch(r"[A-Z]+(?:_[A-Z0-9]+)+", span)}
    known = codes().keys() | {rule.code for rule in RULES}
    assert {each for each in named if not re.fullmatch(VARIABLES, each)} <= known


def test_what_is_wrong_is_found() -> None:
    assert unknown("tke-llm chekc dev") == "chekc"
    assert unknown("tke-llm check dev --al") == "--al"
    assert unknown("tke-llm model ad PATH") == "ad"
    assert unknown("tke-llm check dev --all") is None
    assert pieces("```yaml\ntke-llm:order: fast\n```\n") == [("dev", {"tke-llm:order": "fast"})]
    marked = "<!-- needs: account -->\n```console\n$ pulumi up   # now\n```\n"
    assert [(block.mark, shown(block)) for block in blocks(marked)] == [("needs", [Shown("pulumi up", ())])]
