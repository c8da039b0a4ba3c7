"""Which language is spoken, and how Chinese is set."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cli.language import language_of, requested_language, set_language, tr, translate
from cli.main import app
from cli.text import cells, facts, paragraph, plain, shortened, table, wrapped
from settings import translation
from tests.unit.documents import ROOT


@pytest.fixture(autouse=True)
def english_afterwards():
    yield
    set_language("en")


def output(*arguments: str, **environment: str) -> str:
    script = [sys.executable, "-m", "cli", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    done = subprocess.run(script, cwd=ROOT, env={**kept, **environment}, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "C"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LC_MESSAGES": "en_US", "LC_ALL": "zh_CN"}, "zh"),
    ],
)
def test_the_environment_says_which_language_in_the_order_of_posix(environment, language):
    assert language_of(environment) == language


@pytest.mark.parametrize(
    ("arguments", "language"),
    [
        (["--lang", "zh", "check", "dev"], "zh"),
        (["--lang=en", "check", "dev"], "en"),
        (["check", "--lang", "zh"], None),
        (["--lang", "fr", "check"], None),
        (["--lang"], None),
        ([], None),
    ],
)
def test_the_option_says_it_before_a_command(arguments, language):
    assert requested_language(arguments) == language


def test_the_option_outdoes_the_environment():
    assert "是不是" in output("--lang", "zh", "chek", LANG="C.UTF-8")
    assert "是不是" in output("chek", LANG="zh_CN.UTF-8", PYTHONUTF8="1")
    assert "Did you mean" in output("--lang", "en", "chek", LANG="zh_CN.UTF-8", PYTHONUTF8="1")


def test_where_the_output_cannot_show_chinese_english_is_spoken():
    assert "Did you mean" in output("--lang", "zh", "chek", PYTHONIOENCODING="ascii")


def test_each_run_in_one_process_has_its_own_language():
    assert "没有命令" in CliRunner().invoke(app, ["--lang", "zh", "chek"]).output
    assert "No such command" in CliRunner().invoke(app, ["chek"]).output


def test_values_that_were_said_are_translated_with_their_sentence():
    text = translation.tr(
        "No such command {name}.", name=translation.tr("Usage: {command} {pieces}", command="x", pieces="y")
    )
    set_language("zh")
    assert translate(text) == "没有命令用法：x y。"
    assert tr("No such command {name}.", name="x") == "没有命令 x。"
    assert translate("No such command x.") == "No such command x."


def test_who_is_spoken_to_in_english_does_not_wait_for_the_catalogues():
    script = "import sys; from cli.main import app; app(['check', 'dev'], standalone_mode=False)"
    script += "; print('babel' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_a_character_of_chinese_takes_two_columns():
    assert [cells(text) for text in ("abc", "模型", "模型 a，", "é", "█…")] == [3, 4, 8, 1, 2]
    rows = plain(table([("模型", "n"), ("ab", "10")], frozenset({1}))).splitlines()
    assert rows == ["  模型   n", "  ab    10"]
    assert plain(facts([("模型", "x"), ("pool", "y")])).splitlines() == ["  模型  x", "  pool  y"]
    assert shortened("模型模型", 5) == "模型…"
    assert shortened("模型", 4) == "模型"


def test_chinese_is_broken_between_characters_but_not_before_what_closes_nor_after_what_opens():
    text = "每块 GPU 需要 61.0 GiB 存放权重，（引擎可用 13.4 GiB）。没有一台机器装得下 "
    text += "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B！"
    for columns in range(20, 60):
        lines = wrapped(text, columns)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(cells(each) <= columns or each.startswith("deepseek") for each in lines)
        assert not [each for each in lines if each[0] in "，。）！" or each[-1] == "（"]
        assert all(each == each.strip() for each in lines)


def test_no_character_is_lost_where_a_line_is_broken():
    for text in ("”开头", "“", "， ，", "a“b”c 中", "中" * 100, "…中—"):
        assert "".join(wrapped(text, 20)).replace(" ", "") == text.replace(" ", "")


def test_a_lead_in_chinese_has_its_text_beside_it():
    lines = plain(paragraph("中" * 60, "改法    ")).splitlines()
    assert lines[0].startswith("改法    中")
    assert lines[1].startswith("        中")
