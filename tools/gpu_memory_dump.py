"""What vLLM itself takes of a GPU's memory, one line of JSON for each way it is started.

Run by hand on a machine with a GPU, by the Python of an environment that holds vLLM, so it uses nothing of this
project: ``python gpu_memory_dump.py FOLDER CASES``. FOLDER holds one folder with a config.json for each model; CASES
is a file of JSON lines ``{"label", "folder", "arguments"}``, the arguments being those of ``vllm.LLM``. Weights are
made up (``load_format: dummy``), so nothing is downloaded; sizes are the real ones. Every case starts in a process of
its own, so that none finds what another left. tests/unit/vllm_on_gpu.json keeps what a forerunner of this file saw.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

GIB = 2**30
LONGEST_START_S = 300
MARK = "RESULT "
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
}
"""The engine's core stays in this process, where its figures can be read."""


def main(folder: Path, cases: Path) -> None:
    for line in cases.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        command = [sys.executable, __file__, "--one", str(folder / case["folder"]), json.dumps(case["arguments"])]
        try:
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                timeout=LONGEST_START_S,
                env={**os.environ, **OFFLINE},
            )
            said = [each for each in done.stdout.splitlines() if each.startswith(MARK)]
            seen = json.loads(said[0].removeprefix(MARK)) if said else {"failed": done.stderr[-600:]}
        except subprocess.TimeoutExpired:
            seen = {"failed": f"not started after {LONGEST_START_S} s"}
        sys.stdout.write(json.dumps({**case, **seen}) + "\n")
        sys.stdout.flush()


def started(model: Path, arguments: dict[str, Any]) -> dict[str, Any]:
    """Start the engine, let it answer, and read its figures; memory in GiB."""
    import torch  # noqa: PLC0415  the parent process holds no GPU
    import vllm  # noqa: PLC0415

    begun = time.monotonic()
    llm = vllm.LLM(model=str(model), skip_tokenizer_init=True, load_format="dummy", **arguments)
    seconds = time.monotonic() - begun
    config = llm.llm_engine.vllm_config
    driver: Any = llm.llm_engine.engine_core.engine_core.model_executor.driver_worker
    worker = getattr(driver, "worker", driver)
    groups = worker.model_runner.kv_cache_config.kv_cache_groups
    prompts: Any = [{"prompt_token_ids": [1] * 32}] * 8
    answers = llm.generate(prompts, vllm.SamplingParams(max_tokens=16, ignore_eos=True, detokenize=False))
    free, total = torch.cuda.mem_get_info()
    return {
        "vllm": vllm.__version__,
        "gpu": torch.cuda.get_device_name(0),
        "start_s": round(seconds, 1),
        "total": worker.init_snapshot.total_memory / GIB,
        "requested": worker.requested_memory / GIB,
        "weights": worker.model_runner.model_memory_usage / GIB,
        "non_torch": worker.non_torch_memory / GIB,
        "activations": worker.peak_activation_memory / GIB,
        "graphs_estimated": worker.cudagraph_memory_estimate / GIB,
        "available": worker.available_kv_cache_memory_bytes / GIB,
        "used_after_start": (total - free) / GIB,
        "blocks": config.cache_config.num_gpu_blocks,
        "block_tokens": config.cache_config.block_size,
        "context": config.model_config.max_model_len,
        "layers": [
            {
                "kind": type(group.kv_cache_spec).__name__,
                "count": len(group.layer_names),
                "block_bytes": group.kv_cache_spec.page_size_bytes,
            }
            for group in groups
        ],
        "generated": sum(len(answer.outputs[0].token_ids) for answer in answers),
    }


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        sys.stdout.write(MARK + json.dumps(started(Path(sys.argv[2]), json.loads(sys.argv[3]))) + "\n")
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
