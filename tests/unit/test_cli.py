import json
import re
from io import StringIO
from pathlib import Path

import pytest

from cli.main import _stacks
from cli.text import NARROWEST, WIDEST, WIDTH, duration, facts, paragraph, size, table, width
from planner.diagnostics.explain import codes
from tests.commands import command

FIGURES = {
    "num_hidden_layers": 28,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "hidden_size": 3584,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}
"""Qwen2.5-7B's config.json, shortened (Hugging Face, Qwen/Qwen2.5-7B)."""


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def plain(lines) -> list[str]:
    return ["".join(span.text for span in line) for line in lines]


def test_a_sound_stack_is_ready_and_its_decisions_are_shown():
    result = command("check", "dev")
    assert result.exit_code == 0
    assert result.stdout.startswith("dev: ready to deploy")
    for shown in ("PNV4.7XLARGE116", "DeepSeek-R1-Distill-Qwen-7B", "1 GPU of pool gpu", "context"):
        assert shown in result.stdout
    assert "bfloat16; bf16 weights take 14.2 of 20.3 GiB" in command("check", "dev", "--all").stdout


def test_a_path_serves_as_well_as_a_name(tmp_path, monkeypatch):
    by_name = command("check", "dev").stdout
    by_path = command("check", "./Pulumi.dev.yaml").stdout
    assert by_path.replace("./Pulumi.dev.yaml", "dev").split() == by_name.split()


def sample_stacks() -> list[str]:
    return [path.name.split(".")[1] for path in sorted(Path().glob("Pulumi.*.yaml"))]


@pytest.mark.parametrize("stack", sample_stacks())
def test_check_shows_what_can_be_acted_on_and_counts_the_rest(stack):
    known, found = codes(), json.loads(command("check", stack, "--json").stdout)["diagnostics"]
    asked = [each["code"] for each in found if each["when"] == "asked"]
    assert all(each["when"] == known[each["code"]].when for each in found if each["code"] != "DRIVER_UNKNOWN")
    shown, every = command("check", stack).stdout, command("check", stack, "--all").stdout
    assert all(code in every and code not in shown for code in asked)
    assert all(each["code"] in shown for each in found if each["when"] == "always")
    rest = f"and {len(asked)} {'note' if len(asked) == 1 else 'notes'}\n"
    assert shown.endswith(rest) == bool(asked)
    assert f"tke-llm check {stack} --all" in shown
    assert "--all" not in every


def test_a_rehearsal_shows_as_much_of_what_is_to_be_said_as_check(tmp_path):
    said = command("rehearse", "dev", "--out", str(tmp_path)).stdout
    assert "REVISION_FLOATING" not in said
    assert "notes, in full" in " ".join(said.split())
    assert "REVISION_FLOATING" in (tmp_path / "plan.json").read_text()


def test_only_notes_wait_until_somebody_asks():
    assert {code.severity for code in codes().values() if code.when == "asked"} == {"note"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "dev"],
        ["fit", "deepseek-ai/DeepSeek-R1"],
        pytest.param(["fit", "--all"], marks=pytest.mark.exhaustive),
        ["explain", "BF16_UNSUPPORTED"],
    ],
)
def test_nothing_that_is_printed_is_wider_than_the_page(arguments):
    for line in command(*arguments).stdout.splitlines():
        assert len(line) <= WIDTH, line


def test_every_code_can_be_explained():
    for code in codes():
        result = command("explain", code)
        assert result.exit_code == 0
        assert result.stdout.startswith(code)


def test_a_code_is_found_however_it_is_written():
    assert command("explain", "bf16-unsupported").stdout == command("explain", "BF16_UNSUPPORTED").stdout


def test_a_misspelt_code_is_answered_with_the_nearest():
    result = command("explain", "BF16_UNSUPORTED")
    assert result.exit_code == 2
    assert "BF16_UNSUPPORTED" in result.output


def test_an_explanation_as_data_has_the_fix():
    assert json.loads(command("explain", "BF16_UNSUPPORTED", "--json").stdout)["fix"]


def test_the_schema_is_one_json_document_that_knows_the_models():
    schema = json.loads(command("schema").stdout)
    assert "tke-llm:models" in schema["properties"]["config"]["properties"]


def test_fit_shows_how_a_model_lies_on_each_machine():
    result = command("fit", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "--gpu", "a10")
    assert result.exit_code == 0
    assert "PNV4.7XLARGE116" in result.stdout
    assert "GN7.2XLARGE32" not in result.stdout


def test_fit_says_why_a_machine_is_too_small():
    result = command("fit", "Qwen/Qwen2.5-72B-Instruct", "--gpu", "T4", "--format", "bf16")
    assert result.exit_code == 1
    assert "too little memory" in result.stdout
    assert "GN7.2XLARGE32" in result.stdout


def test_fit_puts_the_cheapest_first_and_shows_its_price():
    prices = ["--price", "PNV4.28XLARGE466=30", "--price", "PNV4.14XLARGE232=45.5"]
    lines = command("fit", "Qwen/Qwen3-8B", "--gpu", "A10", *prices).stdout.splitlines()
    rows = [each for each in lines if "x A10" in each]
    assert [each.split()[0] for each in rows[:2]] == ["PNV4.28XLARGE466", "PNV4.14XLARGE232"]
    assert [each.split()[-1] for each in rows[:2]] == ["30.00", "45.50"]


def test_fit_takes_prices_and_region_from_a_stack(tmp_path):
    text = Path("Pulumi.dev.yaml").read_text() + "  tke-llm:prices: {PNV4.7XLARGE116: 11.25}\n"
    (tmp_path / "Pulumi.own.yaml").write_text(text.replace("ap-guangzhou", "ap-chengdu"))
    said = command("fit", "Qwen/Qwen3-8B", "--stack", str(tmp_path / "Pulumi.own.yaml")).stdout
    assert "PNV4.7XLARGE116" not in said, "no A10 is sold in Chengdu"
    (tmp_path / "Pulumi.own.yaml").write_text(text)
    assert "11.25" in command("fit", "Qwen/Qwen3-8B", "--stack", str(tmp_path / "Pulumi.own.yaml")).stdout


def test_fit_marks_what_may_not_be_sold_in_the_region():
    said = command("fit", "Qwen/Qwen3-8B", "--region", "ap-guangzhou").stdout
    assert "PNV5b.8XLARGE96 * #" in said
    assert "PNV4.7XLARGE116 " in said
    assert "PNV4.7XLARGE116 #" not in said


def test_a_gpu_is_named_by_its_model_or_in_full():
    both = command("fit", "Qwen/Qwen3-8B", "--gpu", "v100").stdout
    assert "V100-16" in both
    assert "V100-32" in both
    assert "V100-16" not in command("fit", "Qwen/Qwen3-8B", "--gpu", "V100-32").stdout


@pytest.mark.parametrize("columns", [80, 100])
def test_fit_fits_the_terminal(columns, monkeypatch):
    monkeypatch.setattr("cli.fit_text.width", lambda: columns)
    prices = ["--price", "PNV4.28XLARGE466=30"]
    for line in command("fit", "Qwen/Qwen3-32B", *prices, "--region", "ap-guangzhou").stdout.splitlines():
        if " x A10" in line or line.startswith("  machine"):
            assert len(line) <= columns, line


def test_fit_explains_a_verdict_line_by_line():
    result = command("fit", "Qwen/Qwen3-32B", "--explain", "pnv4.28xlarge466")
    assert result.exit_code == 0
    for shown in (
        "weights     15.2",
        "64 layers x 8 KV heads x 2 x 128 numbers x 2 bytes / 4 GPUs",
        "22.06",
        "split",
        "Sources",
    ):
        assert shown in result.stdout
    refused = command("fit", "Qwen/Qwen2.5-7B-Instruct", "--explain", "GN8.LARGE56")
    assert refused.exit_code == 1
    assert "P40 has compute capability 6.1" in refused.stdout
    found = json.loads(command("fit", "Qwen/Qwen3-32B", "--explain", "PNV4.28XLARGE466", "--json").stdout)
    assert set(found) == {"fit", "memory", "chosen", "sources"}


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (["deepseek-ai/DeepSeek-R1-Distill-Qwen-7C"], "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"),
        (["deepseek-ai/DeepSeek-R1", "--gpu", "H2O-96"], "H20-96"),
        (["deepseek-ai/DeepSeek-R1", "--region", "ap-guangzou"], "ap-guangzhou"),
        ([], "--all"),
        (["deepseek-ai/DeepSeek-R1", "--all"], "--all"),
        (["--all", "--explain", "PNV4.7XLARGE116"], "--all"),
        (["deepseek-ai/DeepSeek-R1", "--explain", "PVN4.7XLARGE116"], "PNV4.7XLARGE116"),
        (["deepseek-ai/DeepSeek-R1", "--price", "PNV4.7XLARGE116"], "MACHINE=AMOUNT"),
        (["deepseek-ai/DeepSeek-R1", "--price", "PNV4.7XLARGE117=3"], "PNV4.7XLARGE116"),
        (["deepseek-ai/DeepSeek-R1", "--format", "gptq"], "fp8"),
        (["deepseek-ai/DeepSeek-R1", "--gpu", "RTX4090"], "A100-40"),
    ],
)
def test_fit_refuses_what_the_catalogue_does_not_have_and_names_the_nearest(arguments, near):
    result = command("fit", *arguments)
    assert result.exit_code == 2
    assert near in result.output
    assert "Traceback" not in result.output


def test_a_model_is_described_from_its_config(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(FIGURES))
    index = {"metadata": {"total_size": 7 * 2**30}, "weight_map": {}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    block = json.loads(command("model", "add", str(tmp_path), "--json").stdout)["architecture"]
    assert (block["layers"], block["kvHeads"], block["headDim"], block["weightsGib"]) == (28, 4, 128, 7.0)
    assert block == json.loads(command("model", "add", str(tmp_path / "config.json"), "--json").stdout)["architecture"]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("{", 1, "no JSON"),
        ("[]", 1, "no object"),
        ("null", 1, "no object"),
        ('{"hidden_size": 1}', 1, "num_hidden_layers"),
        ('{"num_hidden_layers": Infinity}', 1, "num_hidden_layers"),
        ("[" * 100_000, 1, "nested"),
        (f'{{"num_hidden_layers": {"9" * 5000}}}', 1, "too long"),
        (json.dumps({**FIGURES, "num_attention_heads": 9999}), 1, "headDim"),
        (None, 1, "read"),
    ],
)
def test_a_config_that_cannot_be_read_is_said_so(text, code, said, tmp_path):
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    result = command("model", "add", str(tmp_path), "--weights-gib", "1")
    assert result.exit_code == code
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_model_of_a_few_megabytes_has_a_size(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(FIGURES))
    (tmp_path / "model.safetensors").write_bytes(bytes(2**20))
    result = command("model", "add", str(tmp_path), "--json")
    assert json.loads(result.stdout)["architecture"]["weightsGib"] == pytest.approx(2**-10, rel=1e-3)


@pytest.mark.parametrize("index", ["[]", "null", '{"metadata": []}', '{"metadata": {"total_size": Infinity}}'])
def test_an_index_that_tells_no_size_is_passed_over(tmp_path, index):
    (tmp_path / "config.json").write_text(json.dumps(FIGURES))
    (tmp_path / "model.safetensors.index.json").write_text(index)
    result = command("model", "add", str(tmp_path))
    assert (result.exit_code, "--weights-gib" in result.output) == (2, True)


@pytest.mark.parametrize("size", ["nan", "inf", "0", "-1"])
def test_a_size_that_is_none_is_wrong_usage(tmp_path, size):
    assert command("model", "add", str(tmp_path), "--weights-gib", size).exit_code == 2


def test_a_shell_completes_the_names_of_the_stacks():
    assert _stacks("two") == ["two-machines", "two-models"]


def test_the_schema_is_json_with_and_without_asking():
    assert command("schema", "--json").stdout == command("schema").stdout


def test_a_format_that_no_engine_makes_is_wrong_usage():
    result = command("fit", "deepseek-ai/DeepSeek-R1", "--format", "foo")
    assert result.exit_code == 2
    assert "bitsandbytes" in result.output


def test_every_option_says_what_it_does():
    for name, group in {"rehearse": [], "fit": [], "check": [], "demo": [], "add": ["model"]}.items():
        said = command(*group, name, "--help").output.split("Options:")[1]
        described = re.sub(r"\n {10,}", "  ", said)
        assert not re.findall(r"^  --[a-z-]+(?: [A-Z\[\]:|.a-z]+)*$", described, re.MULTILINE), name


def test_text_takes_the_width_of_the_terminal_within_reason(monkeypatch):
    monkeypatch.setattr("sys.stdout", Terminal())
    for columns, taken in ((20, NARROWEST), (80, 80), (500, WIDEST)):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert width() == taken


def test_results_are_written_beside_the_stack_file_wherever_the_command_runs(tmp_path):
    file = tmp_path / "Pulumi.dev.yaml"
    file.write_text(Path("Pulumi.dev.yaml").read_text())
    assert command("rehearse", str(file), "--json").exit_code == 0
    assert (tmp_path / "out" / "dev" / "plan.json").is_file()


def test_the_verdict_is_given_though_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    result = command("rehearse", "dev", "--out", str(tmp_path / "file" / "below"))
    assert result.exit_code == 1
    assert result.stdout.startswith("dev: ready to deploy")
    assert "nothing was written" in result.stderr
    assert "written to" not in result.stdout


def test_the_size_of_the_weights_is_asked_for_where_no_file_tells_it(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    result = command("model", "add", str(tmp_path))
    assert result.exit_code == 2
    assert "--weights-gib" in result.output


def test_wrapped_text_is_set_below_text():
    lines = plain(paragraph("word " * 40, "fix  ", indent=4))
    assert lines[0].startswith("    fix  word")
    assert all(line.startswith(" " * 9 + "word") for line in lines[1:])
    assert all(len(line) <= WIDTH for line in lines)


def test_a_repeated_name_is_shown_once():
    assert plain(facts([("pool", "a"), ("pool", "b")])) == ["  pool  a", "        b"]


def test_columns_are_as_wide_as_their_widest_cell():
    assert plain(table([("a", "long"), ("wide", "1")], frozenset({1}))) == ["  a     long", "  wide     1"]


@pytest.mark.parametrize(
    ("seconds", "said"), [(45, "45 s"), (89, "89 s"), (90, "2 min"), (7199, "2 h"), (12000, "3 h 20 min")]
)
def test_times_are_said_as_people_do(seconds, said):
    assert duration(seconds) == said


def test_sizes_are_decimal():
    assert (size(15.24e9), size(641.3e9), size(2e12), size(500)) == ("15.2 GB", "641.3 GB", "2.0 TB", "500 B")
