"""What `tke-llm model add` makes of a ``config.json``: formats, layers with a cache, longest context, task.

The figures are those of the repositories that are named, as far as they matter here. "ac": the files that PyPI's
aiconfigurator 0.12 ships in aiconfigurator_core/model_configs; "class": the defaults of transformers 5.24's
configuration class; "card": the repository's own config.json.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from planner.model.config import Description, describe
from planner.model.figures import ConfigError
from settings.models import Architecture
from tests.unit.stacks import planned

PLAIN: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "hidden_size": 4096,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}


def added(folder: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["model", "add", str(folder), *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def described(**changes: Any) -> Description:
    return describe({**PLAIN, **changes}, 10.0)


def group(bits: int, kind: str, size: int | None = None, activations: int | None = None) -> dict[str, Any]:
    inputs = None if activations is None else {"num_bits": activations, "type": kind}
    return {"group_0": {"weights": {"num_bits": bits, "type": kind, "group_size": size}, "input_activations": inputs}}


def compressed(groups: dict[str, Any], packed: str | None = None) -> dict[str, Any]:
    return {"quant_method": "compressed-tensors", "config_groups": groups, "format": packed}


FORMATS: Mapping[str, tuple[dict[str, Any], str]] = {
    "Qwen/Qwen3-32B-FP8 (ac)": ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8"),
    "openai/gpt-oss-20b (ac)": ({"quant_method": "mxfp4"}, "mxfp4"),
    "moonshotai/Kimi-K2.5 (ac)": (compressed(group(4, "int", 32), "pack-quantized"), "gptq"),
    "moonshotai/Kimi-K3 (ac)": (compressed(group(4, "float", 32), "mxfp4-pack-quantized"), "mxfp4"),
    "RedHatAI's w8a8 (compressed-tensors, int-quantized)": (
        compressed(group(8, "int", None, 8), "int-quantized"),
        "int8",
    ),
    "RedHatAI's w8a16 (compressed-tensors, pack-quantized)": (
        compressed(group(8, "int", 128), "pack-quantized"),
        "gptq",
    ),
    "RedHatAI's FP8-dynamic (compressed-tensors, float-quantized)": (
        compressed(group(8, "float", None, 8), "float-quantized"),
        "fp8",
    ),
    "RedHatAI's NVFP4 (compressed-tensors)": (compressed(group(4, "float", 16, 4), "nvfp4-pack-quantized"), "nvfp4"),
    "sparse, not quantised (compressed-tensors)": (compressed({}, "sparse-24-bitmask"), "bf16"),
    "Qwen/Qwen3-32B-FP8-Static-PerTensor (ac)": (
        {"quant_algo": "FP8", "config_groups": group(8, "float", None, 8), "producer": {"name": "modelopt"}},
        "fp8",
    ),
    "nvidia/GLM-5.1-NVFP4 (ac)": (
        {"quant_method": "modelopt", "quant_algo": "NVFP4", "config_groups": group(4, "float", 16, 4)},
        "nvfp4",
    ),
    "nvidia/DeepSeek-V4-Flash-NVFP4 (ac): only the experts": (
        {"quant_method": "fp8", "quant_algo": "MIXED_PRECISION", "moe_quant_algo": "NVFP4"},
        "nvfp4",
    ),
    "nvidia/Qwen3.6-27B-NVFP4 (ac): two groups": (
        {
            "quant_method": "modelopt",
            "quant_algo": "MIXED_PRECISION",
            "config_groups": {
                "group_0": group(8, "float", None, 8)["group_0"],
                "group_1": group(4, "float", 16)["group_0"],
            },
        },
        "nvfp4",
    ),
    "modelopt, W4A16_AWQ (vllm 0.29.0 and SGLang read INT4 AWQ)": (
        {"quant_method": "modelopt", "quant_algo": "W4A16_AWQ"},
        "awq",
    ),
    "unsloth's bnb-4bit (card)": ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "bitsandbytes"),
    "Intel's AutoRound (card)": ({"quant_method": "auto-round", "bits": 4}, "gptq"),
    "amd's MXFP4 (quark)": ({"quant_method": "quark", "global_quant_config": {"weight": {"dtype": "fp4"}}}, "mxfp4"),
}


@pytest.mark.parametrize("repository", FORMATS)
def test_the_format_is_what_the_quantisation_says(repository: str):
    quantization, format_ = FORMATS[repository]
    assert described(quantization_config=quantization).architecture.format == format_


def test_modelopt_s_own_file_tells_what_config_json_leaves_out():
    # nvidia/Llama-3.1-70B-Instruct-FP8 (ac): config.json without, hf_quant_config.json with the algorithm.
    beside = {"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}}
    assert describe(PLAIN, 10.0, beside=beside).architecture.format == "fp8"


def test_a_quantisation_that_nobody_knows_is_refused_with_those_that_are_known():
    with pytest.raises(ConfigError, match=r"exl3 is not known; known: .*compressed-tensors"):
        described(quantization_config={"quant_method": "exl3"})


QWEN35 = ["linear_attention", "linear_attention", "linear_attention", "full_attention"]
LAYERS: Mapping[str, tuple[dict[str, Any], tuple[int | None, int | None, int | None]]] = {
    "Qwen/Qwen3-8B (ac): a window that is off": (
        {"num_hidden_layers": 36, "sliding_window": None, "use_sliding_window": False, "max_window_layers": 36},
        (None, None, None),
    ),
    "XiaomiMiMo/MiMo-7B-Base (ac): the same with a number": (
        {"num_hidden_layers": 36, "sliding_window": 32768, "use_sliding_window": False, "max_window_layers": 32},
        (None, None, None),
    ),
    "Qwen/Qwen3.5-27B (ac)": ({"num_hidden_layers": 64, "layer_types": QWEN35 * 16}, (16, None, None)),
    "Qwen3-Next (class): full_attention_interval": (
        {"num_hidden_layers": 48, "full_attention_interval": 4},
        (12, None, None),
    ),
    "openai/gpt-oss-20b (ac)": (
        {"num_hidden_layers": 24, "layer_types": ["sliding_attention", "full_attention"] * 12, "sliding_window": 128},
        (12, 12, 128),
    ),
    "google/gemma-3 (class): sliding_window_pattern": (
        {"model_type": "gemma3_text", "num_hidden_layers": 48, "sliding_window": 1024, "sliding_window_pattern": 6},
        (8, 40, 1024),
    ),
    "google/gemma-2 (class): every other layer, untold": (
        {"model_type": "gemma2", "num_hidden_layers": 42, "sliding_window": 4096, "max_position_embeddings": 8192},
        (21, 21, 4096),
    ),
    "mistralai/Mistral-7B-v0.1 (card): all layers": (
        {"model_type": "mistral", "sliding_window": 4096, "max_position_embeddings": 32768},
        (0, 32, 4096),
    ),
    "microsoft/Phi-3-mini-128k (card): a window beyond the context": (
        {"model_type": "phi3", "sliding_window": 262144},
        (None, None, None),
    ),
    "LGAI-EXAONE/EXAONE-4.0-32B (class): LLLG": (
        {"num_hidden_layers": 64, "sliding_window": 4096, "sliding_window_pattern": "LLLG"},
        (16, 48, 4096),
    ),
    "meta-llama/Llama-4-Scout (ac): each fourth layer without rotary embeddings": (
        {"model_type": "llama4_text", "num_hidden_layers": 48, "max_position_embeddings": 10485760},
        (12, 36, 8192),
    ),
    "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B (ac)": (
        {"num_hidden_layers": 52, "hybrid_override_pattern": "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME"},
        (6, None, None),
    ),
    "nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B (ac): layers by their list alone": (
        {"num_hidden_layers": None, "layers_block_type": ["mamba", "moe"] * 48 + ["attention"] * 12},
        (12, None, None),
    ),
    "ai21labs/Jamba (class): attn_layer_period": (
        {"num_hidden_layers": 32, "attn_layer_period": 8, "attn_layer_offset": 4},
        (4, None, None),
    ),
    "ibm-ai-platform/Bamba (class): attn_layer_indices": ({"attn_layer_indices": [9, 18, 27]}, (3, None, None)),
    "moonshotai/Kimi-Linear-48B (class): layers counted from 1": (
        {"num_hidden_layers": 27, "linear_attn_config": {"full_attn_layers": [4, 8, 12, 16, 20, 24, 27]}},
        (7, None, None),
    ),
    "MiniMaxAI/MiniMax-Text-01 (card): attn_type_list": (
        {"num_hidden_layers": 80, "attn_type_list": [0, 0, 0, 0, 0, 0, 0, 1] * 10},
        (10, None, None),
    ),
    "nvidia/Llama-3_3-Nemotron-Super-49B-v1 (ac): blocks without attention": (
        {
            "num_hidden_layers": 3,
            "block_configs": [{"attention": {"n_heads_in_group": 8}}] * 2 + [{"attention": {"no_op": True}}],
        },
        (2, None, None),
    ),
    "deepseek-ai/DeepSeek-V4-Flash (ac): compressed, taken for not": (
        {"num_hidden_layers": 43, "sliding_window": 128, "compress_ratios": [0, 4, 128]},
        (None, None, None),
    ),
}


@pytest.mark.parametrize("repository", LAYERS)
def test_only_layers_with_a_cache_are_written(repository: str):
    figures, kept = LAYERS[repository]
    shape = described(**figures).architecture
    assert (shape.kv_layers, shape.sliding_layers, shape.sliding_window) == kept


YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
LENGTHS: Mapping[str, tuple[dict[str, Any], int]] = {
    "openai-community/gpt2 (class)": ({"n_positions": 1024}, 1024),
    "zai-org/chatglm3-6b (card)": ({"seq_length": 8192}, 8192),
    "mosaicml/mpt-7b (class)": ({"max_seq_len": 2048}, 2048),
    "CohereLabs/c4ai-command-r-v01 (card)": ({"max_position_embeddings": 8192, "model_max_length": 131072}, 131072),
    "Qwen/Qwen2.5 with YaRN (its card)": ({"max_position_embeddings": 32768, "rope_scaling": YARN}, 131072),
    "deepseek-ai/DeepSeek-R1 (ac)": (
        {
            "max_position_embeddings": 163840,
            "rope_scaling": {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096},
        },
        163840,
    ),
    "meta-llama/Meta-Llama-3.1-8B (ac)": (
        {"max_position_embeddings": 131072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}},
        131072,
    ),
}


@pytest.mark.parametrize("repository", LENGTHS)
def test_the_longest_context_is_what_vllm_derives(repository: str):
    # vllm 0.29.0, transformers_utils/model_arch_config_convertor.py and config/model.py (_get_and_verify_max_len).
    figures, longest = LENGTHS[repository]
    without = {key: value for key, value in PLAIN.items() if key != "max_position_embeddings"}
    assert describe({**without, **figures}, 1.0).architecture.max_positions == longest


def test_a_file_that_says_no_length_is_taken_as_vllm_takes_it_and_says_so():
    # bigscience/bloom (class) has ALiBi and no length.
    found = described(max_position_embeddings=None)
    assert found.architecture.max_positions == 2048
    assert "does not say how long" in found.notes[0]


@pytest.mark.parametrize("nest", ["text_config", "llm_config", "language_config"])
def test_the_text_model_is_taken_out_of_a_model_of_several_kinds_of_input(nest: str):
    text = {**PLAIN, "num_hidden_layers": 28}
    whole = {"architectures": ["Qwen3VLForConditionalGeneration"], nest: text, "num_hidden_layers": 99}
    assert describe(whole, 1.0).architecture.layers == 28
    # Qwen2.5-Omni (class) nests twice.
    assert describe({"thinker_config": {"text_config": text}}, 1.0).architecture.layers == 28


def test_latent_attention_is_written_by_its_ranks():
    shape = described(kv_lora_rank=512, qk_rope_head_dim=64, num_key_value_heads=128, num_attention_heads=128)
    assert (shape.architecture.kv_lora_rank, shape.architecture.qk_rope_head_dim) == (512, 64)


TASKS: Mapping[str, tuple[str, bool, str]] = {
    "BAAI/bge-m3": ("XLMRobertaModel", True, "embed"),
    "BAAI/bge-reranker-v2-m3": ("XLMRobertaForSequenceClassification", False, "rerank"),
    "jinaai/jina-reranker-v3": ("JinaForRanking", False, "rerank"),
    "Qwen/Qwen3-Embedding-0.6B": ("Qwen3ForCausalLM", True, "embed"),
    "intfloat/e5-mistral-7b-instruct": ("MistralModel", False, "embed"),
    "Qwen/Qwen3-8B": ("Qwen3ForCausalLM", False, "chat"),
    "THUDM/chatglm3-6b": ("ChatGLMModel", False, "chat"),
    "Qwen/Qwen2.5-Math-RM-72B": ("Qwen2ForRewardModel", False, "chat"),
}


@pytest.mark.parametrize("repository", TASKS)
def test_a_model_is_called_what_its_class_and_files_make_it(repository: str):
    kind, pools, task = TASKS[repository]
    assert describe({**PLAIN, "architectures": [kind]}, 1.0, pools=pools).task == task


def test_an_encoder_keeps_no_cache_and_its_first_positions_are_padding():
    # BAAI/bge-reranker-v2-m3 (card).
    figures = {"architectures": ["XLMRobertaForSequenceClassification"], "pad_token_id": 1}
    shape = described(**figures, max_position_embeddings=8194, num_key_value_heads=None).architecture
    assert (shape.kv_layers, shape.kv_heads, shape.max_positions) == (0, 32, 8192)


def test_falcon_has_one_kv_head_where_it_says_multi_query():
    # tiiuae/falcon-7b (class).
    shape = described(model_type="falcon", multi_query=True, new_decoder_architecture=False, num_key_value_heads=None)
    assert shape.architecture.kv_heads == 1


def test_a_model_without_attention_keeps_a_state_alone():
    # state-spaces/mamba-2.8b-hf (class).
    figures = {"model_type": "mamba", "num_hidden_layers": 64, "hidden_size": 2560}
    assert describe(figures, 5.0).architecture.kv_layers == 0


def test_what_is_written_is_served_with_the_memory_that_it_says(tmp_path: Path):
    (tmp_path / "config.json").write_text(json.dumps({**PLAIN, "layer_types": QWEN35 * 8}))
    (tmp_path / "modules.json").write_text(json.dumps([{"type": "sentence_transformers.models.Pooling"}]))
    given = json.loads(added(tmp_path, "--weights-gib", "14", "--json"))
    assert given["task"] == "embed"
    plan = planned({"models.chat": {"model": "me/mine", **given}})
    assert not plan.errors
    assert plan.models["chat"].task == "embed"
    whole = planned({"models.chat": {"model": "me/mine", "architecture": {**given["architecture"], "kvLayers": 32}}})
    hybrid = planned({"models.chat": {"model": "me/mine", "architecture": given["architecture"]}})
    assert hybrid.models["chat"].max_model_len != whole.models["chat"].max_model_len


def test_the_task_stands_above_the_figures(tmp_path: Path):
    (tmp_path / "config.json").write_text(json.dumps({**PLAIN, "architectures": ["BertModel"]}))
    lines = added(tmp_path, "--weights-gib", "1").splitlines()
    assert lines[1:3] == ["task: embed", "architecture:"]


def test_more_layers_with_a_cache_than_there_are_are_refused():
    shape = {"layers": 4, "heads": 8, "kvHeads": 8, "headDim": 64, "maxPositions": 4096, "weightsGib": 1.0}
    for wrong in ({"kvLayers": 3, "slidingLayers": 2, "slidingWindow": 128}, {"slidingLayers": 2}):
        with pytest.raises(ValueError, match=r"layers|go together"):
            Architecture.model_validate({**shape, **wrong})
