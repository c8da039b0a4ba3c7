"""Each way to break the sound stack that the planner's serving half covers: the code, and a fix that mends it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from planner.diagnostics.explain import codes as registry
from planner.plan_stack import plan_stack
from settings.parse import StackInput, parse
from settings.paths import apply_fix
from tests.unit.stack_files import parsed, sound
from tests.unit.stacks import found, sections, settings

QWEN = "Qwen/Qwen2.5-7B-Instruct"
MODEL, IMAGE, ARGS = "models.chat.model", "models.chat.image", "models.chat.extraArgs"
MACHINE, DRIVER = "pools.gpu.instanceType", "pools.gpu.driver"
OFFLOAD, SPECULATIVE, LORA = "models.chat.kvOffload", "models.chat.speculative", "models.chat.lora"
ADAPTED = {"maxRank": 16, "adapters": {"support": "someone/adapter"}}
TWO_ADAPTERS = {"chat": "someone/adapter", "support": "someone/other"}
EAGLE = {"method": "eagle3", "model": "someone/draft", "tokens": 3}
MANY_GUESSES = {"method": "ngram", "tokens": 8}
T4: dict[str, object] = {MACHINE: "GN7.5XLARGE80"}
T4X2: dict[str, object] = {MACHINE: "GN7.10XLARGE160"}
V100: dict[str, object] = {MACHINE: "GN10Xp.2XLARGE40"}
A10X4: dict[str, object] = {MACHINE: "PNV4.28XLARGE466"}
H20X8: dict[str, object] = {MACHINE: "PNV6.32XLARGE1280"}
OLLAMA = {"models.chat.engine": "ollama", MODEL: "deepseek-r1:7b"}
CPU = {
    "pools": {"cpu": {"kind": "existing", "cpu": 8, "memory": "16Gi", "nodeSelector": {"kubernetes.io/os": "linux"}}}
}
GEMMA: dict[str, object] = {MODEL: "google/gemma-4-E2B-it", "models.chat.source": "huggingface"}
KIMI_VL: dict[str, object] = {MODEL: "moonshotai/Kimi-VL-A3B-Instruct", MACHINE: "PNV4.14XLARGE232"}
SUPER_T4 = {"pools.gpu": {"kind": "super", "gpuType": "T4"}}
SHAPE = {"layers": 28, "heads": 28, "kvHeads": 4, "headDim": 128, "maxPositions": 32768, "weightsGib": 7.2}

BGE: dict[str, object] = {MODEL: "BAAI/bge-large-en", "models.chat.source": "huggingface"}
SGLANG: dict[str, object] = {"models.chat.engine": "sglang"}
SECRETS = (
    ["--api-key", "abc"],
    ["--api-ke="],
    ["--api_key="],
    ["--seed", "1", "--hf-tok", "abc"],
    ["--enforce-eager", "--api-k"],
)
FIXED = (
    ["--port", "9000"],
    ["--por=9000"],
    ["--hos", "127.0.0.1"],
    ["--ssl_keyfile=/x"],
    ["--config", "/x.yaml"],
    ["--headl"],
)


@dataclass(frozen=True)
class ServingBreakage:
    """`changes` to the sound stack that bring about `code` at `path`."""

    code: str
    path: str
    changes: dict[str, object]


def broken(code: str, path: str, value: object, *others: Mapping[str, object]) -> ServingBreakage:
    changes: dict[str, object] = {}
    for other in others:
        changes.update(other)
    return ServingBreakage(code, path, {**changes, path: value})


def caused(code: str, path: str, *others: Mapping[str, object]) -> ServingBreakage:
    changes: dict[str, object] = {}
    for other in others:
        changes.update(other)
    return ServingBreakage(code, path, changes)


ERRORS = (
    caused("ENGINE_TOO_NEW", IMAGE, {MODEL: "baichuan-inc/Baichuan2-7B-Chat", "models.chat.maxModelLen": 4096}),
    broken("UNKNOWN_MODEL", MODEL, "deepseek-ai/DeepSeek-R1-Distil-Qwen-7B"),
    broken("UNKNOWN_MODEL", MODEL, "Qwen/Qwen2.5-7B-Instrukt"),
    caused("UNKNOWN_MODEL", MODEL, OLLAMA, {MODEL: "deepseek-r1:7bb"}),
    broken(
        "OLLAMA_NEEDS_ITS_OWN_ID", MODEL, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", {"models.chat.engine": "ollama"}
    ),
    broken("OLLAMA_ID_ON_ANOTHER_ENGINE", MODEL, "deepseek-r1:7b"),
    caused("ENGINE_NEEDS_GPU", "models.chat.engine", CPU),
    broken("KV_CACHE_DTYPE_UNKNOWN", "models.chat.kvCacheDtype", "q8_0"),
    broken("KV_CACHE_DTYPE_UNKNOWN", "models.chat.kvCacheDtype", "fp8", SGLANG),
    broken("KV_CACHE_DTYPE_UNKNOWN", "models.chat.kvCacheDtype", "fp8", OLLAMA),
    broken("KV_CACHE_UNSUPPORTED", "models.chat.kvCacheDtype", "fp8", T4, {MODEL: "Qwen/Qwen2.5-1.5B-Instruct"}),
    caused("ENGINE_UNSUPPORTED_GPU", "models.chat.engine", {MACHINE: "GN8.LARGE56", "pools.gpu.kind": "ordinary"}),
    broken("SGLANG_NEEDS_AMPERE", "models.chat.engine", "sglang", V100),
    caused("ENGINE_TOO_OLD", MODEL, V100, {MODEL: "Qwen/Qwen3.5-4B"}),
    broken("ENGINE_TOO_OLD", IMAGE, "docker.io/vllm/vllm-openai:v0.14.1", {MODEL: "Qwen/Qwen3.5-4B"}),
    broken("MODEL_NOT_CHAT", "models.chat.task", "chat", BGE),
    broken("TASK_NOT_FOR_MODEL", "models.chat.task", "rerank"),
    broken("TASK_NOT_FOR_MODEL", "models.chat.task", "embed", SGLANG),
    broken("BF16_UNSUPPORTED", "models.chat.dtype", "bfloat16", T4X2),
    broken("BF16_UNSUPPORTED", "models.chat.dtype", "bfloat16", V100),
    caused("FLOAT16_UNSUPPORTED", "models.chat.dtype", T4, {MODEL: "google/gemma-3-4b-it"}),
    broken("FLOAT16_UNSUPPORTED", "models.chat.dtype", "half", {MODEL: "google/gemma-3-4b-it"}),
    broken("FP8_UNSUPPORTED", "models.chat.quantization", "fp8", V100),
    caused("AWQ_UNSUPPORTED", MODEL, V100, {MODEL: "Qwen/Qwen3-8B-AWQ"}),
    caused("FP4_UNSUPPORTED", MODEL, T4X2, {MODEL: "openai/gpt-oss-20b"}),
    broken("QUANTIZATION_MISMATCH", "models.chat.quantization", "awq"),
    broken("QUANTIZATION_NOT_IN_IMAGE", "models.chat.quantization", "bitsandbytes"),
    broken("QUANTIZATION_MISMATCH", "models.chat.quantization", "gptq", {MODEL: "Qwen/Qwen3-8B-AWQ"}),
    broken("HEADS_NOT_DIVISIBLE", "models.chat.tensorParallel", 3, A10X4),
    broken("HEADS_NOT_DIVISIBLE", "models.chat.tensorParallel", 3, A10X4, {MODEL: "Qwen/Qwen3-32B"}),
    broken("HEADS_NOT_DIVISIBLE", "models.chat.tensorParallel", 8, H20X8),
    broken("WIDTH_NOT_DIVISIBLE", "models.chat.tensorParallel", 8, H20X8, {MODEL: "Qwen/Qwen3-235B-A22B-FP8"}),
    broken("WIDTH_NOT_DIVISIBLE", "models.chat.tensorParallel", 8, H20X8, {MODEL: "MiniMaxAI/MiniMax-M2"}, SGLANG),
    broken("NO_STAGES", "models.chat.pipelineParallel", 2, A10X4, {MODEL: "google/gemma-3n-E4B-it"}),
    broken("WIDTH_NOT_DIVISIBLE", "models.chat.tensorParallel", 4, A10X4, {MODEL: "Qwen/Qwen2.5-VL-72B-Instruct-AWQ"}),
    broken(
        "WIDTH_NOT_DIVISIBLE",
        "models.chat.dataParallel",
        8,
        H20X8,
        {MODEL: "Qwen/Qwen3-235B-A22B-FP8", "models.chat.expertParallel": False},
    ),
    broken("NO_EXPERTS", "models.chat.expertParallel", True),
    broken("NO_EXPERTS", "models.chat.dataParallel", 2, A10X4),
    broken("SETTING_NOT_FOR_ENGINE", "models.chat.expertParallel", True, OLLAMA),
    broken(
        "DATA_PARALLEL_SPANS_MACHINES",
        "models.chat.dataParallel",
        2,
        H20X8,
        {MODEL: "Qwen/Qwen3-235B-A22B", "models.chat.tensorParallel": 8, "pools.gpu.nodes": 2},
    ),
    *(
        broken("EXTRA_ARGS_SPLIT", ARGS, given, pool, others)
        for given in (
            ["-tp", "4"],
            ["-tp=4"],
            ["--tensor-parallel-size", "4"],
            ["--tensor_parallel_size=4"],
            ["--tensor-parallel", "4"],
            ["-pp", "4"],
            ["--pipeline-parallel-size=4"],
            ["-dp", "4"],
            ["--data-parallel-size", "4"],
            ["--seed", "1", "-tp", "2", "-pp", "2", "--enforce-eager"],
        )
        for pool, others in (({}, {}), (A10X4, {MODEL: "Qwen/Qwen3-8B"}))
    ),
    *(
        broken("EXTRA_ARGS_SPLIT", ARGS, given, SGLANG)
        for given in (
            ["--tp", "4"],
            ["--tp-size=4"],
            ["--tensor-parallel-size", "4"],
            ["--dp", "4"],
            ["--pp-size", "4"],
        )
    ),
    broken("EXTRA_ARGS_SPLIT", ARGS, ["-tp", "1"], A10X4, {MODEL: "Qwen/Qwen3-32B"}),
    *(
        broken("EXTRA_ARGS_REFUSED", ARGS, given)
        for given in (
            ["--quantization", "awq"],
            ["-q", "gptq_marlin"],
            ["--max-model-len", "400k"],
            ["--max_model_len=400000"],
            ["--gpu-memory-utilization", "0.3"],
        )
    ),
    broken("EXTRA_ARGS_REFUSED", ARGS, ["--dtype", "bfloat16"], T4, {MODEL: "Qwen/Qwen2.5-1.5B-Instruct"}),
    broken("EXTRA_ARGS_REFUSED", ARGS, ["--kv-cache-dtype=fp8"], T4, {MODEL: "Qwen/Qwen2.5-1.5B-Instruct"}),
    broken("EXTRA_ARGS_REFUSED", ARGS, ["--context-length", "400000"], SGLANG),
    broken(
        "EXTRA_ARGS_REFUSED", ARGS, ["--attention-backend", "FLASH_ATTN"], T4, {MODEL: "Qwen/Qwen2.5-1.5B-Instruct"}
    ),
    caused(
        "SPECULATIVE_WITH_PIPELINE",
        "models.chat.speculative",
        A10X4,
        {
            MODEL: "XiaomiMiMo/MiMo-7B-RL",
            "models.chat.pipelineParallel": 2,
            "models.chat.speculative": {"method": "mtp", "tokens": 1},
        },
    ),
    caused("ENV_PREVENTS_START", "models.chat.env.VLLM_USE_V1", V100, {"models.chat.env": {"VLLM_USE_V1": "1"}}),
    broken("GPUS_EXCEED_NODE", "models.chat.tensorParallel", 4),
    broken("GPUS_EXCEED_NODE", "models.chat.gpus", 2),
    broken("GPUS_EXCEED_NODE", "models.chat.gpus", 4, {MODEL: "Qwen/Qwen3-32B"}),
    broken("GPUS_EXCEED_NODE", "models.chat.pipelineParallel", 2),
    broken("PARALLELISM_MISMATCH", "models.chat.gpus", 3, A10X4, {"models.chat.tensorParallel": 2}),
    broken("TOO_MANY_STAGES", "models.chat.pipelineParallel", 30, H20X8),
    caused("MODEL_TOO_LARGE", MODEL, T4),
    broken("MODEL_TOO_LARGE", MODEL, "Qwen/Qwen3-32B"),
    caused("MODEL_TOO_LARGE", MODEL, {"models.chat.gpuMemoryUtilization": 0.5}),
    caused("MODEL_TOO_LARGE", MODEL, {"models.chat.dtype": "float32"}),
    caused("MODEL_TOO_LARGE", MODEL, A10X4, {MODEL: "Qwen/Qwen3-32B", "models.chat.gpus": 2}),
    broken("ATTENTION_UNSUPPORTED", MODEL, "deepseek-ai/DeepSeek-V3.2", {MACHINE: "GT4.41XLARGE948"}),
    broken("ATTENTION_UNSUPPORTED", MODEL, "google/gemma-4-E2B-it", T4, {"models.chat.source": "huggingface"}),
    broken("RAM_TOO_SMALL", MODEL, "deepseek-r1:671b", {"models.chat.engine": "ollama", **T4}),
    broken("MULTI_NODE_NEEDED", MODEL, "deepseek-ai/DeepSeek-R1", A10X4),
    broken("CONTEXT_TOO_LONG", "models.chat.maxModelLen", 131072),
    broken("CONTEXT_BEYOND_MODEL", "models.chat.maxModelLen", 40000, {MODEL: QWEN}),
    broken("DRIVER_TOO_OLD", DRIVER, "525.147.05"),
    broken("DRIVER_TOO_OLD", IMAGE, "docker.io/vllm/vllm-openai:v0.29.0", {DRIVER: "550.90.07"}),
    broken("DRIVER_BRANCH_REFUSED", IMAGE, "docker.io/vllm/vllm-openai:v0.29.0-cu129", {DRIVER: "555.42.06"}),
    broken("IMAGE_FLOATING", IMAGE, "vllm/vllm-openai:latest"),
    broken("IMAGE_FLOATING", IMAGE, "vllm/vllm-openai"),
    broken("IMAGE_DROPS_GPU", IMAGE, "docker.io/vllm/vllm-openai:v0.29.0", V100),
    broken("IMAGE_DROPS_GPU", IMAGE, "docker.io/vllm/vllm-openai:v0.25.1", V100),
    broken("IMAGE_OF_ANOTHER_ENGINE", IMAGE, "docker.io/lmsysorg/sglang:v0.5.18"),
    broken("IMAGE_FOR_OTHER_HARDWARE", IMAGE, "docker.io/vllm/vllm-openai:v0.27.1-aarch64"),
    caused("ENV_RESERVED", "models.chat.env.VLLM_PORT", {"models.chat.env": {"VLLM_PORT": "8000"}}),
    caused("ENV_RESERVED", "models.chat.env.VLLM_SERVER_DEV_MODE", {"models.chat.env": {"VLLM_SERVER_DEV_MODE": "1"}}),
    caused("ENV_RESERVED", "models.chat.env.VLLM_API_KEY", {"models.chat.env": {"VLLM_API_KEY": ""}}),
    *(broken("EXTRA_ARGS_SECRET", ARGS, given) for given in SECRETS),
    broken("EXTRA_ARGS_SECRET", ARGS, ["--ssl-keyfile-password", "x"], SGLANG),
    broken("EXTRA_ARGS_SECRET", ARGS, ["--admin-a", "x"], SGLANG),
    *(broken("EXTRA_ARGS_FIXED", ARGS, given) for given in FIXED),
    broken("EXTRA_ARGS_USELESS", ARGS, ["--verbose"], OLLAMA),
    broken("FLAG_UNKNOWN_TO_IMAGE", ARGS, ["--enable-reasoning"]),
    broken("FLAG_UNKNOWN_TO_IMAGE", ARGS, ["--rope-scaling", '{"rope_type": "yarn"}']),
    broken("FLAG_UNKNOWN_TO_IMAGE", ARGS, ["--task", "embed"]),
    broken("EXTRA_ARGS_INVALID", ARGS, ["--reasoning-parser", "qwen33"]),
    broken("EXTRA_ARGS_INVALID", ARGS, ["--enable-auto-tool-choice", "--tool-call-parser", "hermess"]),
    broken("CHAT_TEMPLATE_NOT_FOR_ENGINE", "models.chat.chatTemplate", "chat.jinja", OLLAMA),
    broken("REFERENCE_EXPANDED", "models.chat.chatTemplate", "/templates/$(VLLM_API_KEY).jinja"),
    broken("FLAG_UNKNOWN_TO_IMAGE", ARGS, ["--shutdown-timeout", "30"], V100),
    broken("FLAG_UNKNOWN_TO_IMAGE", ARGS, ["--max-num-seqz", "64"]),
    broken("FLAG_UNKNOWN_TO_IMAGE", ARGS, ["--max-num-seqs", "64"], SGLANG),
    broken("EXTRA_ARGS_INVALID", ARGS, ["--max-num-seqs 64"]),
    broken("EXTRA_ARGS_INVALID", ARGS, ["--gpu-memory-utilization=nan"]),
    broken("EXTRA_ARGS_INVALID", ARGS, ["--max-num-seqs"]),
    broken("EXTRA_ARGS_INVALID", ARGS, ["--max-num-seqs", "many"]),
    broken("EXTRA_ARGS_INVALID", ARGS, ["--max-num-seqs", "64", "128"]),
    broken("EXTRA_ARGS_INVALID", ARGS, ["--enable"]),
    broken("EXTRA_ARGS_INVALID", ARGS, ["--enforce-eager=1"]),
    broken("LOG_SHOWS_KEY", ARGS, ["--log-level", "info"], SGLANG),
    broken("LOG_SHOWS_KEY", ARGS, ["--log-level=DEBUG"], SGLANG),
    broken("REFERENCE_EXPANDED", ARGS, ["--otlp-traces-endpoint", "$(VLLM_API_KEY)"]),
    broken("REFERENCE_EXPANDED", "models.chat.servedName", "$(VLLM_API_KEY)"),
    caused(
        "REFERENCE_EXPANDED", "models.chat.env.OTEL_RESOURCE", {"models.chat.env": {"OTEL_RESOURCE": "$(VLLM_API_KEY)"}}
    ),
    broken("RAY_NOT_IN_IMAGE", ARGS, ["--distributed-executor-backend", "ray"]),
    broken("BATCH_TOO_SMALL", ARGS, ["--max-num-batched-tokens", "128", "--max-num-seqs", "256"]),
    broken("BATCH_TOO_SMALL", ARGS, ["--max_num_batched_tokens", "1024"], V100),
    broken("BATCH_TOO_SMALL", ARGS, ["--max-num-batched-tokens", "128"], {"models.chat.maxNumSeqs": 256}),
    broken("BATCH_TOO_SMALL", "models.chat.maxNumBatchedTokens", 128, {"models.chat.maxNumSeqs": 256}),
    broken("BATCH_TOO_SMALL", "models.chat.maxNumBatchedTokens", 1024, V100),
    broken("SETTING_NOT_FOR_ENGINE", OFFLOAD, {"gib": 16}, OLLAMA),
    broken("SETTING_NOT_FOR_ENGINE", "models.chat.speculative", {"method": "ngram", "tokens": 3}, OLLAMA),
    caused("SPECULATION_NOT_IN_IMAGE", f"{SPECULATIVE}.method", V100, {SPECULATIVE: {"method": "mtp", "tokens": 1}}),
    broken("SETTING_NOT_FOR_ENGINE", LORA, {"maxRank": 16, "adapters": {"support": "a/b"}}, OLLAMA),
    caused("ADAPTER_NAME_TAKEN", f"{LORA}.adapters.chat", {LORA: {"maxRank": 16, "adapters": TWO_ADAPTERS}}),
    caused("ADAPTERS_WITH_SPECULATION", LORA, SGLANG, {LORA: ADAPTED, SPECULATIVE: EAGLE}),
    caused("BATCH_TOO_SMALL", "models.chat.maxNumBatchedTokens", {LORA: ADAPTED, SPECULATIVE: MANY_GUESSES}),
    caused("NO_PREDICTION_LAYERS", f"{SPECULATIVE}.method", {SPECULATIVE: {"method": "mtp", "tokens": 1}}),
    broken("SETTING_NOT_IN_IMAGE", OFFLOAD, {"gib": 16}, {IMAGE: "docker.io/vllm/vllm-openai:v0.11.0"}),
    broken("SETTING_NOT_IN_IMAGE", OFFLOAD, {"gib": 16}, V100),
    broken("OFFLOAD_WITHOUT_PREFIXES", "models.chat.prefixCaching", False, SGLANG, {OFFLOAD: {"gib": 16}}),
    caused("OFFLOAD_TOO_LARGE", f"{OFFLOAD}.gib", {OFFLOAD: {"gib": 900}}),
    caused("POOL_TOO_SMALL", "pools.gpu.nodes", {"models.chat.replicas": 3}),
    caused("POOL_TOO_SMALL", "pools.gpu.nodes", {"models.second": {"model": "Qwen/Qwen2.5-1.5B-Instruct"}}),
    caused("AUTOSCALING_BEYOND_POOL", "models.chat.autoscaling.max", {"models.chat.autoscaling": {"max": 4}}),
)

WARNINGS = (
    caused("DRIVER_UNKNOWN", DRIVER, {"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}}),
    caused("LEGACY_ENGINE", "models.chat.engine", V100),
    caused("SLOW_QUANTIZATION", MODEL, V100, {MODEL: "Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4"}),
    broken("MEMORY_TIGHT", "models.chat.maxModelLen", 70000),
    caused("KV_NOT_COMPUTED", MODEL, GEMMA),
    broken("TASK_UNTRAINED", "models.chat.task", "embed"),
    caused("PAGE_WITHOUT_CHAT", "webui.enabled", BGE),
    broken("UTILIZATION_HIGH", "models.chat.gpuMemoryUtilization", 0.99),
    broken("IMAGE_UNKNOWN", IMAGE, "registry.example.com/vllm:v0.25.1"),
    broken("CUDA_IGNORED", "models.chat.cuda", "12.9"),
    caused("ENV_OVERRIDE", "models.chat.env.HF_HUB_OFFLINE", {"models.chat.env": {"HF_HUB_OFFLINE": "0"}}),
    broken("EXTRA_ARGS_OVERRIDE", ARGS, ["--max-model-len", "4096"]),
    broken("EXTRA_ARGS_OVERRIDE", ARGS, ["-tp", "2"], A10X4, {"models.chat.tensorParallel": 2}),
    broken("EXTRA_ARGS_OVERRIDE", ARGS, ["--tensor-par=2"], A10X4, {"models.chat.tensorParallel": 2}),
    caused("ENV_UNKNOWN", "models.chat.env.VLLM_LOGING_LEVEL", {"models.chat.env": {"VLLM_LOGING_LEVEL": "DEBUG"}}),
    caused("ENV_UNKNOWN", "models.chat.env.OLLAMA_FLASH", OLLAMA, {"models.chat.env": {"OLLAMA_FLASH": "1"}}),
    broken("EXTRA_ARGS_OVERRIDE", ARGS, ["--chat-template", "/vllm-workspace/examples/template_chatml.jinja"]),
    broken("EXTRA_ARGS_OVERRIDE", ARGS, ["--convert", "embed"]),
    broken("TRUST_REMOTE_CODE", ARGS, ["--trust-remote-code"]),
    caused("MODEL_BRINGS_CODE", "models.chat.revision", KIMI_VL),
    broken("SERVED_NAME_IGNORED", "models.chat.servedName", "chat", OLLAMA),
    broken("SETTING_WITHOUT_EFFECT", "models.chat.prefixCaching", False, OLLAMA),
    broken("REPLICAS_IGNORED", "models.chat.replicas", 1, {"models.chat.autoscaling": {"max": 1}}),
    broken("NO_SUPER_SPEC", "models.chat.gpus", 2, SUPER_T4),
    caused("CPU_OFFLOAD", MODEL, T4, {"models.chat.engine": "ollama", MODEL: "deepseek-r1:32b"}),
)


def _name(breakage: ServingBreakage) -> str:
    return f"{breakage.code}-{breakage.path}"


@pytest.mark.parametrize("breakage", ERRORS, ids=_name)
def test_a_breakage_is_an_error_at_its_place_whose_fix_leaves_none(breakage: ServingBreakage):
    finding = found(plan_stack(settings(breakage.changes)), breakage.code)
    assert (finding.severity, finding.path) == ("error", breakage.path)
    assert finding.remedy
    assert finding.fix, "the nearest fix is known here"
    assert [(error.code, error.path, error.message) for error in _mended(breakage, finding.fix).errors] == []


@pytest.mark.parametrize("breakage", WARNINGS, ids=_name)
def test_a_doubt_is_a_warning_at_its_place_whose_fix_removes_it(breakage: ServingBreakage):
    given = plan_stack(settings(breakage.changes))
    finding = found(given, breakage.code)
    assert (finding.severity, finding.path) == ("warning", breakage.path)
    assert finding.remedy
    assert not given.errors
    if finding.fix:
        assert breakage.code not in {left.code for left in _mended(breakage, finding.fix).diagnostics}


@pytest.mark.parametrize("breakage", [*ERRORS, *WARNINGS], ids=_name)
def test_every_code_is_explained_with_the_gravity_it_occurs_with(breakage: ServingBreakage):
    assert registry()[breakage.code].severity == ("error" if breakage in ERRORS else "warning")


def test_an_argument_that_the_nearest_release_lacks_only_warns_for_an_unknown_image():
    given = plan_stack(settings({ARGS: ["--max-num-seqz", "64"], IMAGE: "me/vllm:v0.30.0"}))
    assert found(given, "FLAG_UNKNOWN_TO_IMAGE").severity == "warning"
    abbreviated = plan_stack(settings({ARGS: ["--api-ke="], IMAGE: "me/vllm:v0.30.0"}))
    assert found(abbreviated, "EXTRA_ARGS_SECRET").severity == "error"


def test_a_secret_and_its_argument_in_one_string_are_refused_before_anything_is_planned():
    found_there = parsed(apply_fix(sound(), [(ARGS, ["--api-key abc"])])).problems
    assert [(each.code, each.path) for each in found_there] == [("SECRET_IN_SECTION", "models.chat.extraArgs[0]")]
    assert "abc" not in str(found_there)


def test_what_is_wrong_with_a_secret_argument_does_not_repeat_the_secret():
    for given in SECRETS:
        finding = found(plan_stack(settings({ARGS: given})), "EXTRA_ARGS_SECRET")
        assert "abc" not in f"{finding.given}{finding.message}{finding.remedy}{finding.fix}"


def test_int8_weights_on_a_v100_are_refused():
    changes: dict[str, object] = V100 | {MODEL: "me/mine", "models.chat.architecture": {**SHAPE, "format": "int8"}}
    assert found(plan_stack(settings(changes)), "INT8_UNSUPPORTED").severity == "error"


def test_a_service_called_vllm_is_noted():
    noted = plan_stack(settings({"models": {"vllm": {"model": QWEN}}}))
    assert found(noted, "SERVICE_NAME_VLLM").severity == "note"


def test_a_node_without_memory_for_the_engine_is_refused():
    existing = {"kind": "existing", "gpu": "A10", "gpusPerNode": 1, "cpu": 4, "memory": "4Gi"}
    changes: dict[str, object] = {"pools.gpu": {**existing, "nodeSelector": {"gpu": "a10"}}}
    assert found(plan_stack(settings(changes)), "POD_TOO_LARGE").severity == "error"


def _mended(breakage: ServingBreakage, fix: tuple[tuple[str, object], ...]):
    changed = apply_fix(sections(breakage.changes), list(fix))
    parsed = parse(StackInput("tke-llm", "dev", "ap-guangzhou", changed, {}))
    assert parsed.settings is not None
    assert parsed.problems == ()
    return plan_stack(parsed.settings)
