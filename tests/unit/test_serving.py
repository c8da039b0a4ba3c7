"""One model of a stack, decided."""

import pytest

from planner.plan.types import ModelPlan, Plan
from planner.serving import models
from tests.unit.stacks import codes, found, planned

R1: dict[str, object] = {"models.chat.model": "deepseek-ai/DeepSeek-R1", "pools.gpu.instanceType": "PNV6.96XLARGE2304"}
OLLAMA: dict[str, object] = {"models.chat.engine": "ollama", "models.chat.model": "deepseek-r1:7b"}
V100: dict[str, object] = {"pools.gpu.instanceType": "GN10Xp.2XLARGE40", "pools.gpu.driver": "550.90.07"}
ORDINARY_CPU: dict[str, object] = {
    "pools": {"cpu": {"kind": "existing", "cpu": 4, "memory": "8Gi", "nodeSelector": {"kubernetes.io/os": "linux"}}},
    "models.chat.engine": "ollama",
    "models.chat.model": "deepseek-r1:1.5b",
}


def model(plan: Plan, name: str = "chat") -> ModelPlan:
    assert not plan.errors, plan.errors
    return plan.models[name]


def argument(chat: ModelPlan, flag: str) -> str:
    return chat.spec.command[chat.spec.command.index(flag) + 1]


def test_a_7b_model_on_one_a10_is_served_whole():
    chat = model(planned())
    assert (chat.gpus, chat.tensor_parallel, chat.nodes, chat.dtype) == (1, 1, 1, "bfloat16")
    assert chat.max_model_len is not None
    assert chat.max_model_len > 32768
    assert chat.spec.resources.gpus == 1


def test_the_numbers_of_the_plan_are_those_the_engine_is_told():
    chat = model(planned(R1))
    assert argument(chat, "--max-model-len") == str(chat.max_model_len)
    assert argument(chat, "--tensor-parallel-size") == str(chat.tensor_parallel) == "8"
    assert argument(chat, "--dtype") == chat.dtype
    assert argument(chat, "--gpu-memory-utilization") == f"{chat.gpu_memory_utilization:g}"


def test_deepseek_r1_on_eight_h20_passes_with_a_warning():
    plan = planned(R1)
    assert not plan.errors
    assert found(plan, "MEMORY_TIGHT").severity == "warning"


def test_a_large_model_has_hours_or_minutes_by_its_bytes_to_start():
    small, large = model(planned()), model(planned(R1))
    assert large.startup_seconds > 4 * small.startup_seconds
    for chat in (small, large):
        assert chat.startup_seconds == chat.spec.startup.period * chat.spec.startup.failures
        assert chat.progress_deadline_seconds > chat.startup_seconds


def test_the_old_engine_reads_whole_prompts_of_a_bounded_length_on_a_v100():
    """Chunked prefill, which V0 turns on above 32,768 tokens, aborts there (vLLM issues 6723, 8024, 11352). The flag
    is as 0.8.5 parses it (vllm/engine/arg_utils.py, BooleanOptionalAction), which refuses `=False`."""
    chat = model(planned(V100))
    assert chat.max_model_len == 16384
    assert "--no-enable-chunked-prefill" in chat.spec.command
    assert "--no-enable-chunked-prefill" not in model(planned()).spec.command


def test_a_longer_context_than_the_old_engine_is_known_to_take_warns():
    asked = planned(V100 | {"models.chat.maxModelLen": 40000})
    assert found(asked, "CONTEXT_LONG_FOR_V0").fix == (("models.chat.maxModelLen", 16384),)
    assert argument(model(asked), "--max-model-len") == "40000"
    assert "CONTEXT_LONG_FOR_V0" not in codes(planned({"models.chat.maxModelLen": 40000}))


def test_a_v100_gets_half_precision_in_eager_mode_on_the_legacy_release():
    chat = model(planned(V100))
    assert chat.dtype == "half"
    assert chat.spec.image.endswith("vllm/vllm-openai:v0.8.5")
    assert "--enforce-eager" in chat.spec.command
    assert dict(chat.spec.env)["VLLM_USE_V1"] == "0"


def test_no_spare_gpu_means_recreate_and_says_so():
    plan = planned()
    assert model(plan).strategy == "Recreate"
    assert found(plan, "UPDATE_INTERRUPTS").severity == "note"


def test_a_spare_node_means_a_rolling_update():
    chat = model(planned({"pools.gpu.nodes": 2}))
    assert (chat.strategy, chat.max_surge, chat.max_unavailable) == ("RollingUpdate", 1, 0)


def test_two_replicas_on_two_nodes_are_replaced_one_at_a_time():
    chat = model(planned({"pools.gpu.nodes": 2, "models.chat.replicas": 2}))
    assert (chat.strategy, chat.max_surge, chat.max_unavailable) == ("RollingUpdate", 0, 1)


def test_models_that_share_a_pool_compete_for_its_gpus():
    small = {"model": "Qwen/Qwen2.5-1.5B-Instruct"}
    plan = planned({"models.second": small})
    assert found(plan, "POOL_TOO_SMALL").path == "pools.gpu.nodes"
    both = planned({"models.second": small, "pools.gpu.instanceType": "PNV4.14XLARGE232"})
    assert not both.errors
    assert both.models["chat"].strategy == "Recreate"


def test_autoscaled_models_keep_their_range():
    chat = model(planned({"pools.gpu.nodes": {"min": 1, "max": 3}, "models.chat.autoscaling": {"min": 1, "max": 3}}))
    assert (chat.autoscaled, chat.min_replicas, chat.max_replicas) == (True, 1, 3)


def test_an_autoscaled_pool_gives_the_new_node_time_to_come():
    fixed = model(planned())
    growing = model(planned({"pools.gpu.nodes": {"min": 1, "max": 2}}))
    assert growing.progress_deadline_seconds > fixed.progress_deadline_seconds


def test_the_requests_of_a_pod_fit_its_node():
    plan = planned(R1)
    pool, chat = plan.pools["gpu"], plan.models["chat"]
    assert chat.spec.resources.memory_mib <= pool.allocatable_memory_mib
    assert chat.spec.resources.cpu_millis <= pool.allocatable_cpu_millis


def test_the_server_reads_the_folder_that_the_download_fills():
    chat = model(planned())
    assert f"/models/{chat.download.directory}" in chat.spec.command


def test_a_served_name_replaces_the_key_in_the_api():
    assert argument(model(planned({"models.chat.servedName": "r1"})), "--served-model-name") == "r1"
    assert model(planned()).served_name == "chat"


def test_ollama_serves_its_model_under_its_own_id():
    chat = model(planned(OLLAMA))
    assert (chat.served_name, chat.format, chat.spec.port) == ("deepseek-r1:7b", "gguf", 11434)


def test_ollama_on_a_small_gpu_is_warned_of_offloading():
    plan = planned(OLLAMA | {"models.chat.model": "deepseek-r1:32b", "pools.gpu.instanceType": "GN7.5XLARGE80"})
    assert not plan.errors
    assert found(plan, "CPU_OFFLOAD").severity == "warning"


def test_weights_that_nobody_verified_are_refused_where_they_are_far_too_large():
    """Whatever the weights take to a tenth (18 GiB of AWQ files), a T4 has 14.6 GiB."""
    awq = {"models.chat.model": "Qwen/Qwen3-32B-AWQ", "pools.gpu.instanceType": "GN7.2XLARGE32"}
    assert "MODEL_TOO_LARGE" in codes(planned(awq), "error") & codes(
        planned(awq | {"models.chat.maxModelLen": 2048}), "error"
    )


def test_a_small_model_is_served_on_a_cpu_in_its_memory():
    chat = model(planned(ORDINARY_CPU))
    assert chat.gpus == chat.spec.resources.gpus == 0
    assert 2000 < chat.spec.resources.memory_mib < 6000
    assert chat.max_model_len == 8192


def test_a_model_that_exceeds_the_cpu_s_memory_is_refused():
    plan = planned(ORDINARY_CPU | {"models.chat.model": "deepseek-r1:14b"})
    assert found(plan, "MODEL_TOO_LARGE").severity == "error"


def test_sglang_serves_on_its_port_with_its_own_image():
    chat = model(planned({"models.chat.engine": "sglang"}))
    assert chat.spec.port == 30000
    assert "sglang" in chat.spec.image


def test_a_super_node_pod_tells_what_it_wants_and_has_always_room():
    plan = planned({"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}})
    chat = model(plan)
    annotations = dict(chat.spec.annotations)
    assert annotations["eks.tke.cloud.tencent.com/gpu-type"] == "A10*PNV4"
    assert annotations["eks.tke.cloud.tencent.com/gpu-count"] == "1"
    assert int(annotations["eks.tke.cloud.tencent.com/root-cbs-size"]) >= 50
    assert chat.strategy == "RollingUpdate"


def test_a_super_node_pod_is_not_billed_for_a_whole_machine():
    chat = model(planned({"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}}))
    assert chat.spec.resources.memory_mib < 32 * 1024


def test_what_is_documented_of_a_super_node_s_driver_is_told_with_its_doubt():
    plan = planned({"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}})
    assert "CUDA 11.4, which may be out of date" in found(plan, "DRIVER_UNKNOWN").message


def test_ordinary_nodes_get_no_annotations():
    assert model(planned()).spec.annotations == ()


def test_a_cache_that_is_not_modelled_is_left_to_the_engine():
    chat = model(planned({"models.chat.model": "google/gemma-4-E2B-it", "models.chat.source": "huggingface"}))
    assert argument(chat, "--max-model-len") == "auto"
    assert chat.max_model_len is None


def test_a_model_described_in_the_stack_file_is_served():
    shape = {"layers": 28, "heads": 28, "kvHeads": 4, "headDim": 128, "maxPositions": 32768, "weightsGib": 14.2}
    chat = model(planned({"models.chat.model": "me/mine", "models.chat.architecture": shape}))
    assert chat.max_model_len == 32768


def test_a_forced_error_becomes_a_warning_and_the_plan_is_made_as_asked():
    plan = planned({"models.chat.maxModelLen": 131072, "force": ["CONTEXT_TOO_LONG"]})
    finding = found(plan, "CONTEXT_TOO_LONG")
    assert (finding.severity, finding.forced) == ("warning", True)
    assert model(plan).max_model_len == 131072


def test_a_secret_on_the_command_line_cannot_be_forced():
    plan = planned({"models.chat.extraArgs": ["--api-key", "x"], "force": ["EXTRA_ARGS_SECRET"]})
    assert "EXTRA_ARGS_SECRET" in codes(plan, "error")


def test_all_faults_of_a_model_are_found_in_one_run():
    plan = planned(
        {
            "models.chat.tensorParallel": 3,
            "models.chat.quantization": "awq",
            "models.chat.image": "vllm/vllm-openai:latest",
            "models.chat.env": {"VLLM_PORT": "8000"},
            "pools.gpu.instanceType": "PNV4.28XLARGE466",
        }
    )
    assert {"HEADS_NOT_DIVISIBLE", "QUANTIZATION_MISMATCH", "IMAGE_FLOATING", "ENV_RESERVED"} <= codes(plan, "error")


def test_the_reasons_say_why_in_words():
    told = {reason.subject: reason for reason in planned(V100).reasons}
    assert "no bfloat16" in told["models.chat.dtype"].because
    assert told["models.chat.maxModelLen"].choice == str(model(planned(V100)).max_model_len)
    assert "no place is spare" in told["models.chat.replicas"].because


@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_no_secret_is_in_the_plain_variables(engine: str):
    chat = model(planned({"models.chat.engine": engine}))
    assert chat.spec.api_key_env not in dict(chat.spec.env)


def test_tools_are_parsed_only_where_the_model_is_shown_them():
    """DeepSeek-R1's own chat template has no place for the tools of a request (vLLM documentation, "tool calling"):
    vLLM's image brings one that has."""
    ours = model(planned(R1)).spec
    assert ours.command[ours.command.index("--chat-template") + 1].endswith("tool_chat_template_deepseekr1.jinja")
    assert ours.tool_calls is True
    own_image = R1 | {"models.chat.image": "registry.example.com/team/own:v1", "models.chat.cuda": "12.9"}
    bare = model(planned(own_image)).spec
    assert "--tool-call-parser" not in bare.command
    assert bare.tool_calls is False


def test_each_model_is_placed_once_however_many_share_its_pool(monkeypatch: pytest.MonkeyPatch):
    placed: list[str] = []
    place = models.place
    monkeypatch.setattr(models, "place", lambda name, *rest: placed.append(name) or place(name, *rest))
    names = [f"m{number}" for number in range(6)]
    planned({"models": {name: {"model": "Qwen/Qwen3-8B", "replicas": 2} for name in names}})
    assert placed == names
