"""What vLLM's own KV-cache code makes of configuration files, as JSON on the last line of standard output.

Run by the Python of an environment that holds a vLLM for the CPU, so it uses nothing of this project:
``python kv_cache_dump.py FOLDER``, where FOLDER holds files named ``<owner>--<model>_config.json``. The model is built
without memory (torch's meta device) in 16 bits on one GPU's worth of ranks, whatever its weights are stored as; its
attention layers say what they cache, and the engine's own code lays the blocks out.
"""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import torch
from vllm.config import set_current_vllm_config
from vllm.distributed import ensure_model_parallel_initialized, init_distributed_environment
from vllm.engine.arg_utils import EngineArgs
from vllm.model_executor.model_loader.utils import initialize_model
from vllm.platforms import current_platform
from vllm.utils.torch_utils import set_default_torch_dtype
from vllm.v1.core.kv_cache_utils import (
    _get_kv_cache_bytes_per_block,
    _max_memory_usage_bytes_from_groups,
    get_kv_cache_configs,
)
from vllm.v1.core.single_type_kv_cache_manager import register_all_kvcache_specs

MEMORY_GIB = 400
"""The memory that blocks are laid out in: large enough for one sequence of any model at its full context."""
SEQUENCE = 32768
"""Tokens of the sequence whose blocks are counted, fewer where the model takes fewer."""
SUFFIX = "_config.json"


def main(folder: Path) -> None:
    with tempfile.NamedTemporaryFile() as meeting:
        init_distributed_environment(1, 0, f"file://{meeting.name}", 0, "gloo")
        ready = False
        found: dict[str, Any] = {}
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            name = path.name.removesuffix(SUFFIX).replace("--", "/")
            try:
                engine = engine_config(json.loads(path.read_text(encoding="utf-8")))
                with set_current_vllm_config(engine):
                    if not ready:
                        ensure_model_parallel_initialized(1, 1)
                        ready = True
                    found[name] = cached(engine)
            except Exception as error:  # noqa: BLE001  what one model cannot do is an answer as well
                found[name] = {"refused": f"{type(error).__name__}: {error}".splitlines()[0][:160]}
            sys.stderr.write(f"{name}: {found[name]}\n")
    sys.stdout.write("\n" + json.dumps(found) + "\n")


def engine_config(config: dict[str, Any]) -> Any:  # noqa: ANN401  vLLM's VllmConfig
    """vLLM's configuration for a config.json, less what says how weights are stored and what needs code of its own."""
    for part in (config, config.get("text_config") or {}):
        part.pop("quantization_config", None)
    config.pop("auto_map", None)
    folder = Path(tempfile.mkdtemp())
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    arguments = EngineArgs(
        model=str(folder), skip_tokenizer_init=True, load_format="dummy", enforce_eager=True, dtype="bfloat16"
    )
    return arguments.create_engine_config()


def cached(engine: Any) -> dict[str, Any]:  # noqa: ANN401  vLLM's VllmConfig
    """The kinds of layers that cache something, how many blocks of all of them lie in `MEMORY_GIB`, in which groups,
    and how many one sequence takes."""
    register_all_kvcache_specs(engine)
    with set_default_torch_dtype(torch.bfloat16), torch.device("meta"):
        model = initialize_model(engine)
    current_platform.update_block_size_for_backend(engine)  # As the executor does once the model is there.
    layers = {
        name: spec
        for name, layer in engine.compilation_config.static_forward_context.items()
        if hasattr(layer, "get_kv_cache_spec") and (spec := layer.get_kv_cache_spec(engine))
    }
    engine.cache_config.kv_cache_layout = "NHD"
    laid_out = get_kv_cache_configs(engine, [layers], [MEMORY_GIB * 2**30])[0]
    kinds = Counter(
        (type(spec).__name__, spec.block_size, spec.page_size_bytes, getattr(spec, "sliding_window", None) or 0)
        for spec in layers.values()
    )
    return {
        "parameters": sum(each.numel() for each in model.parameters()),
        "context": engine.model_config.max_model_len,
        "layers": [
            {"kind": kind, "count": count, "block_tokens": tokens, "block_bytes": size, "window": window}
            for (kind, tokens, size, window), count in kinds.items()
        ],
        "blocks": laid_out.num_blocks,
        "block_bytes": _get_kv_cache_bytes_per_block(laid_out.kv_cache_groups),
        "in_flight": engine.max_in_flight_tokens,
        "groups": [
            {
                "kind": type(group.kv_cache_spec).__name__,
                "layers": len(group.layer_names),
                "block_tokens": group.kv_cache_spec.block_size,
                "page_bytes": group.kv_cache_spec.page_size_bytes,
            }
            for group in laid_out.kv_cache_groups
        ],
        "sequence_blocks": sequence_blocks(engine, laid_out.kv_cache_groups),
    }


def sequence_blocks(engine: Any, groups: list[Any]) -> int:  # noqa: ANN401  vLLM's VllmConfig
    """How many blocks one sequence of `SEQUENCE` tokens takes at the most, all groups together."""
    longest = engine.model_config.max_model_len
    engine.model_config.max_model_len = min(SEQUENCE, longest)
    taken = _max_memory_usage_bytes_from_groups(engine, groups) // _get_kv_cache_bytes_per_block(groups)
    engine.model_config.max_model_len = longest
    return taken


if __name__ == "__main__":
    main(Path(sys.argv[1]))
