"""Takes SGLang's command line and serves the model with vLLM on a CPU; flags about GPUs say nothing to a CPU.

Flags: SGLang's documentation, "server arguments". Runs with the standard library.
"""

import argparse
import os
import sys

# vLLM's counterpart of each flag that a CPU understands.
SERVED = {
    "--served-model-name": "--served-model-name",
    "--host": "--host",
    "--port": "--port",
    "--context-length": "--max-model-len",
    "--dtype": "--dtype",
    "--max-running-requests": "--max-num-seqs",
}
REASONING = {"deepseek-r1": "deepseek_r1", "qwen3": "qwen3", "deepseek-v3": "deepseek_v3"}
DRAIN = "60"


def main() -> None:
    """Become vLLM."""
    parser = argparse.ArgumentParser(prog="sglang", allow_abbrev=False)
    parser.add_argument("--model-path", required=True)
    parser.add_argument("--api-key")
    parser.add_argument("--reasoning-parser")
    parser.add_argument("--tool-call-parser")
    for flag in SERVED:
        parser.add_argument(flag)
    given, ignored = parser.parse_known_args()
    sys.stderr.write(f"not for a CPU: {' '.join(ignored)}\n")
    line = ["vllm", "serve", given.model_path, "--enforce-eager", "--gpu-memory-utilization", "0.2"]
    for flag, counterpart in SERVED.items():
        value = getattr(given, flag.removeprefix("--").replace("-", "_"))
        if value is not None:
            line += [counterpart, value]
    if given.reasoning_parser in REASONING:
        line += ["--reasoning-parser", REASONING[given.reasoning_parser]]
    if given.tool_call_parser:
        # Which one makes no difference to a model that calls no tool; without one vLLM refuses to be offered any.
        line += ["--enable-auto-tool-choice", "--tool-call-parser", "hermes"]
    os.environ |= {"VLLM_TARGET_DEVICE": "cpu", "VLLM_CPU_KVCACHE_SPACE": "1", "TORCH_COMPILE_DISABLE": "1"}
    if given.api_key:
        os.environ["VLLM_API_KEY"] = given.api_key
    os.execvp(line[0], [*line, "--shutdown-timeout", DRAIN])  # noqa: S606


if __name__ == "__main__":
    main()
