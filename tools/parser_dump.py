"""What an engine's own argument parser accepts, as JSON on the last line of standard output.

Run by the Python of an environment that can import the engine, so it uses nothing of this project:
``python parser_dump.py vllm|sglang``. With ``--parse`` it reads command lines instead (a JSON list of lists of
arguments on standard input) and answers, for each, what the parser made of it or how it refused.
"""

import argparse
import contextlib
import io
import json
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def vllm_parser() -> argparse.ArgumentParser:
    """The parser that `vllm serve` builds, on the CPU platform: no GPU is looked for."""
    platform = import_module("vllm.platforms.cpu").CpuPlatform()
    vars(import_module("vllm.platforms"))["_current_platform"] = platform
    serve = import_module("vllm.entrypoints.cli.serve")
    parser = serve.FlexibleArgumentParser(prog="vllm")
    serve.ServeSubcommand().subparser_init(parser.add_subparsers(dest="subparser"))
    return parser


def sglang_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sglang")
    import_module("sglang.srt.server_args").ServerArgs.add_cli_args(parser)
    return parser


def arguments_of(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser that holds the server's arguments: that of the sub-command where there is one."""
    subparsers = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]  # noqa: SLF001
    return subparsers[0].choices["serve"] if subparsers else parser


def described(action: argparse.Action) -> dict[str, Any]:
    """An option less what is usual: one value, any text, no default."""
    facts: dict[str, Any] = {"names": list(action.option_strings)}
    if action.nargs is not None:
        facts["nargs"] = action.nargs
    if action.type is not None:
        facts["type"] = type_name(action)
    if action.choices is not None and action.nargs != 0:
        facts["choices"] = sorted(str(choice) for choice in action.choices)
    if isinstance(action.default, str | int | float) and action.default != argparse.SUPPRESS:
        facts["default"] = action.default
    return facts


def type_name(action: argparse.Action) -> str:
    """int, float, json, or the name of the function that reads the value."""
    name = getattr(action.type, "__name__", type(action.type).__name__)
    for closed in getattr(action.type, "__closure__", None) or ():
        inner = getattr(closed.cell_contents, "__name__", None)
        if inner in ("int", "float", "loads", "human_readable_int", "human_readable_int_or_auto"):
            return inner
    return name


def dump(engine: str, parser: argparse.ArgumentParser) -> dict[str, Any]:
    serve = arguments_of(parser)
    named = [a for a in serve._actions if a.option_strings and not isinstance(a, argparse._HelpAction)]  # noqa: SLF001
    options = sorted((described(action) for action in named), key=lambda facts: facts["names"][0])
    return {"abbreviations": serve.allow_abbrev, "options": options, "parsers": parsers(engine)}


def parsers(engine: str) -> dict[str, list[str]]:
    """The names in vLLM's registries of reasoning and tool parsers; SGLang's argument parser lists its own."""
    if engine != "vllm":
        return {}
    reasoning = import_module("vllm.reasoning").ReasoningParserManager
    tools = import_module(tool_parsers()).ToolParserManager
    return {
        "reasoning-parser": registered(reasoning, "reasoning_parsers"),
        "tool-call-parser": registered(tools, "tool_parsers"),
    }


def tool_parsers() -> str:
    """They moved between 0.11 and 0.19."""
    return "vllm.tool_parsers" if find_spec("vllm.tool_parsers") else "vllm.entrypoints.openai.tool_parsers"


def registered(manager: Any, kept: str) -> list[str]:  # noqa: ANN401  a class of the engine's
    listed = getattr(manager, "list_registered", None)
    return sorted(listed() if listed else getattr(manager, kept))


def parsed(parser: argparse.ArgumentParser, command: list[str]) -> dict[str, Any]:
    refusal = io.StringIO()
    try:
        with contextlib.redirect_stderr(refusal):
            space = parser.parse_args(command)
    except (SystemExit, Exception) as error:  # noqa: BLE001  the parser's way to refuse differs by release
        return {"refused": refusal.getvalue().strip().rpartition("\n")[2] or repr(error)}
    return {"values": {key: str(value) for key, value in vars(space).items()}}


if __name__ == "__main__":
    engine_ = sys.argv[1]
    parser_ = vllm_parser() if engine_ == "vllm" else sglang_parser()
    reads = "--parse" in sys.argv
    answer = [parsed(parser_, command) for command in json.load(sys.stdin)] if reads else dump(engine_, parser_)
    sys.stdout.write("\n" + json.dumps(answer) + "\n")
