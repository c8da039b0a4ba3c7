"""Engine emitters: a request becomes a pod."""

from typing import Any

import pytest

from catalog.images import Image
from catalog.load import load
from planner.engines import ollama, sglang, vllm
from planner.engines.arguments import merged, name_of, values
from planner.engines.registry import find
from planner.engines.request import EngineRequest
from planner.plan.server import EngineSpec, ExecProbe, HttpProbe, Resources
from settings.models import Model

MODERN = next(image for image in load().images if image.engine == "vllm")
SGLANG = next(image for image in load().images if image.engine == "sglang")
LEGACY = next(image for image in load().images if image.tag == "v0.8.5")


def known(image: Image) -> frozenset[str]:
    release = load().release(image)
    assert release is not None
    return frozenset(image.flags) | release.knows


def request(**changes: Any) -> EngineRequest:
    figures: dict[str, Any] = {
        "model": Model(model="some/model"),
        "served_name": "chat",
        "model_id": "some/model",
        "model_path": "/models/some--model",
        "image": "docker.io/vllm/vllm-openai:v0.29.0",
        "flags": known(MODERN),
        "user": None,
        "compute_capability": 8.6,
        "tensor_parallel": 1,
        "pipeline_parallel": 1,
        "max_model_len": 16384,
        "utilization": 0.92,
        "dtype": "bfloat16",
        "at_load": None,
        "reasoning_parser": None,
        "tool_parser": None,
        "network_store": True,
        "resources": Resources(4000, 16384, 1),
        "shm_mib": 2048,
        "startup_failures": 60,
        "load_seconds": 70.0,
    }
    return EngineRequest(**{**figures, **changes})


def legacy(**changes: Any) -> EngineRequest:
    return request(flags=known(LEGACY), compute_capability=7.0, dtype="half", **changes)


def given(spec: EngineSpec) -> dict[str, str]:
    return dict(values(spec.command[3:] if spec.engine == "vllm" else spec.command))


def test_vllm_serves_a_local_folder_under_the_served_name():
    spec = vllm.emit(request())
    assert spec.command[:3] == ("vllm", "serve", "/models/some--model")
    assert given(spec)["served-model-name"] == "chat"
    assert dict(spec.env)["HF_HUB_OFFLINE"] == "1"


def test_vllm_is_told_context_dtype_split_and_memory():
    told = given(vllm.emit(request(tensor_parallel=4)))
    assert told["max-model-len"] == "16384"
    assert told["dtype"] == "bfloat16"
    assert told["tensor-parallel-size"] == "4"
    assert told["gpu-memory-utilization"] == "0.92"
    assert "pipeline-parallel-size" not in told


def test_vllm_is_told_of_stages_where_there_are_several():
    assert given(vllm.emit(request(pipeline_parallel=2)))["pipeline-parallel-size"] == "2"


def test_a_context_left_to_vllm_is_auto_where_the_release_knows_it():
    assert given(vllm.emit(request(max_model_len=None)))["max-model-len"] == "auto"


def test_a_v100_gets_the_old_engine_in_eager_mode():
    spec = vllm.emit(legacy())
    assert "enforce-eager" in given(spec)
    assert dict(spec.env)["VLLM_USE_V1"] == "0"


def test_a_new_gpu_keeps_cuda_graphs_and_has_no_engine_switch():
    spec = vllm.emit(request())
    assert "enforce-eager" not in given(spec)
    assert "VLLM_USE_V1" not in dict(spec.env)


def test_a_t4_on_a_new_release_is_eager_without_the_switch_that_is_gone():
    spec = vllm.emit(request(compute_capability=7.5, dtype="half"))
    assert "enforce-eager" in given(spec)
    assert "VLLM_USE_V1" not in dict(spec.env)


LATER = ("shutdown-timeout", "disable-access-log-for-endpoints", "safetensors-load-strategy")


@pytest.mark.parametrize("flag", LATER)
def test_a_flag_that_came_later_is_given_to_new_releases_only(flag: str):
    assert flag in given(vllm.emit(request()))
    assert flag not in given(vllm.emit(legacy()))


def test_enable_reasoning_is_given_only_where_it_must_accompany_the_parser():
    assert "enable-reasoning" in given(vllm.emit(legacy(reasoning_parser="deepseek_r1")))
    told = given(vllm.emit(request(reasoning_parser="deepseek_r1")))
    assert told["reasoning-parser"] == "deepseek_r1"
    assert "enable-reasoning" not in told


def test_a_reasoning_parser_that_the_release_lacks_is_left_out():
    told = given(vllm.emit(legacy(reasoning_parser="qwen3")))
    assert "reasoning-parser" not in told
    assert "enable-reasoning" not in told


def test_tools_are_chosen_by_the_model_where_it_has_a_parser():
    told = given(vllm.emit(request(tool_parser="hermes")))
    assert (told["tool-call-parser"], told["enable-auto-tool-choice"]) == ("hermes", "")
    assert "enable-auto-tool-choice" not in given(vllm.emit(request()))


def test_prompts_stay_out_of_the_log_of_releases_that_log_them():
    assert "disable-log-requests" in given(vllm.emit(legacy()))
    assert "disable-log-requests" not in given(vllm.emit(request()))


def test_weights_on_a_local_disk_are_not_prefetched():
    assert "safetensors-load-strategy" not in given(vllm.emit(request(network_store=False)))


def test_quantising_at_load_is_an_argument():
    assert given(vllm.emit(request(at_load="fp8")))["quantization"] == "fp8"


def test_vllm_never_trusts_code_of_the_model_nor_opens_its_developer_routes():
    for spec in (vllm.emit(request()), vllm.emit(legacy())):
        assert "trust-remote-code" not in given(spec)
        assert "VLLM_SERVER_DEV_MODE" not in dict(spec.env)


def test_the_key_is_a_variable_filled_from_a_secret_and_on_no_command_line():
    spec = vllm.emit(request())
    assert spec.api_key_env == "VLLM_API_KEY"
    assert "VLLM_API_KEY" not in dict(spec.env)
    assert "api-key" not in given(spec)


def test_extra_arguments_come_last_and_displace_ours():
    spec = vllm.emit(
        request(
            model=Model.model_validate({"model": "some/model", "extraArgs": ["--max_model_len=4096", "--seed", "1"]})
        )
    )
    assert spec.command[-3:] == ("--max_model_len=4096", "--seed", "1")
    assert "--max-model-len" not in spec.command


def test_the_user_s_variables_win():
    model = Model.model_validate({"model": "some/model", "env": {"HF_HUB_OFFLINE": "0"}})
    assert dict(vllm.emit(request(model=model)).env)["HF_HUB_OFFLINE"] == "0"


@pytest.mark.parametrize("emit", [vllm.emit, sglang.emit, ollama.emit])
def test_every_pod_outlives_its_drain_and_no_liveness_probe_can_kill_a_loading_model(emit):
    spec = emit(request(startup_failures=424))
    assert spec.grace_period > spec.pre_stop_sleep
    assert spec.startup.period * spec.startup.failures == 4240
    assert spec.liveness.period * spec.liveness.failures >= 60


def test_the_grace_period_covers_sleep_and_shutdown():
    spec = vllm.emit(request())
    assert spec.grace_period > spec.pre_stop_sleep + int(given(spec)["shutdown-timeout"])


@pytest.mark.parametrize("emit", [vllm.emit, sglang.emit, ollama.emit])
def test_every_pod_writes_only_to_its_own_folders_as_an_ordinary_user(emit):
    spec = emit(request())
    mounts = [scratch.mount for scratch in spec.scratch]
    assert spec.user > 0
    assert dict(spec.env)["HOME"] in mounts
    assert dict(spec.env)["USER"]
    assert {"/tmp", "/dev/shm"} <= set(mounts)


def test_caches_lie_below_the_writable_home():
    env = dict(vllm.emit(request()).env)
    for variable in ("XDG_CACHE_HOME", "VLLM_CACHE_ROOT", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "HF_HOME"):
        assert env[variable].startswith(env["HOME"] + "/")


def test_shared_memory_is_ram_with_a_bound():
    shm = next(scratch for scratch in vllm.emit(request()).scratch if scratch.mount == "/dev/shm")
    assert shm.memory
    assert shm.size_mib == 2048


def test_the_user_of_the_image_is_kept_where_it_has_one():
    assert vllm.emit(request(user=2000)).user == 2000
    assert vllm.emit(request(user=0)).user > 0


def test_sglang_listens_for_others_and_reads_its_key_inside_the_process():
    spec = sglang.emit(
        request(flags=known(SGLANG), tensor_parallel=2, reasoning_parser="deepseek_r1", tool_parser="hermes")
    )
    told = given(spec)
    assert (told["host"], told["port"]) == ("0.0.0.0", "30000")
    assert told["tensor-parallel-size"] == "2"
    assert told["context-length"] == "16384"
    assert (told["reasoning-parser"], told["tool-call-parser"]) == ("deepseek-r1", "qwen25")
    assert spec.api_key_env == "SGLANG_API_KEY"
    assert "$(" not in " ".join(spec.command)


def test_sglang_does_not_log_its_arguments_with_the_key_among_them():
    assert given(sglang.emit(request()))["log-level"] == "warning"


def test_sglang_chooses_its_memory_unless_told():
    assert "mem-fraction-static" not in given(sglang.emit(request(utilization=None)))
    assert given(sglang.emit(request(utilization=0.85)))["mem-fraction-static"] == "0.85"


def test_sglang_is_told_of_stages_and_quantisation():
    told = given(sglang.emit(request(pipeline_parallel=2, at_load="fp8")))
    assert (told["pipeline-parallel-size"], told["quantization"]) == ("2", "fp8")


def test_a_parser_that_sglang_does_not_have_is_left_out():
    told = given(sglang.emit(request(flags=known(SGLANG), reasoning_parser="unheard-of", tool_parser="unheard-of")))
    assert "reasoning-parser" not in told
    assert "tool-call-parser" not in told


def test_ollama_listens_for_others_and_keeps_its_model():
    spec = ollama.emit(request(max_model_len=8192))
    env = dict(spec.env)
    assert env["OLLAMA_HOST"] == "0.0.0.0:11434"
    assert env["OLLAMA_MODELS"] == "/models/some--model"
    assert env["OLLAMA_KEEP_ALIVE"] == "-1"
    assert env["OLLAMA_CONTEXT_LENGTH"] == "8192"
    assert env["OLLAMA_NOPRUNE"] == "1"
    assert spec.api_key_env is None


def test_ollama_is_ready_only_when_its_model_is_loaded():
    """It answers before it has read any weights; the script that starts it makes a file when it has."""
    spec = ollama.emit(request(startup_failures=424))
    model, loaded, drain = spec.command[-3:]
    assert spec.command[:2] == ("bash", "-c")
    assert model == "some/model"
    assert int(drain) < spec.grace_period - spec.pre_stop_sleep
    assert spec.startup == ExecProbe(("test", "-f", loaded), period=10, failures=424)
    assert any(loaded.startswith(f"{folder.mount}/") for folder in spec.scratch)


def test_nothing_in_the_script_of_ollama_is_replaced_by_kubernetes():
    """A container's command has $(NAME) filled in and $$ halved (kubernetes, third_party/forked/golang/expansion)."""
    assert "$$" not in ollama.SERVE
    assert "$(" not in ollama.SERVE


def test_sglang_is_not_taken_out_of_its_service_for_a_token_that_comes_late():
    """/health generates a token unless told otherwise, and gives it twenty seconds (SGLang 0.5.18,
    srt/entrypoints/http_server.py)."""
    spec = sglang.emit(request())
    assert dict(spec.env)["SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION"] == "false"
    for probe in (spec.startup, spec.readiness, spec.liveness):
        assert isinstance(probe, HttpProbe)
        assert probe.path == "/health"


def test_ollama_waits_for_slow_storage():
    assert dict(ollama.emit(request(load_seconds=3000.0)).env)["OLLAMA_LOAD_TIMEOUT"] == "100m"
    assert dict(ollama.emit(request(load_seconds=10.0)).env)["OLLAMA_LOAD_TIMEOUT"] == "5m"


def test_ollama_spreads_over_several_gpus_only_where_it_has_them():
    assert "OLLAMA_SCHED_SPREAD" not in dict(ollama.emit(request()).env)
    assert dict(ollama.emit(request(pipeline_parallel=2)).env)["OLLAMA_SCHED_SPREAD"] == "1"


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("--max_model_len=4096", "max-model-len"),
        ("-tp", "tensor-parallel-size"),
        ("--tp-size", "tensor-parallel-size"),
        ("--no-enable-log-requests", "enable-log-requests"),
        ("4096", None),
        ("-1", None),
        ("auto", None),
    ],
)
def test_a_flag_is_known_by_all_its_spellings(argument: str, name: str | None):
    assert name_of(argument) == name


def test_flags_are_read_with_their_values():
    assert dict(values(("--a", "1", "--b=2", "--c", "--d", "-1"))) == {"a": "1", "b": "2", "c": "", "d": "-1"}


def test_a_value_of_ours_goes_with_its_flag():
    assert merged([("--a", "1"), ("--b", "2")], ("--a", "3")) == ("--b", "2", "--a", "3")


def cached(engine: str, wanted: bool | None) -> tuple[str, ...]:
    model = Model.model_validate({"model": "some/model", "engine": engine, "prefixCaching": wanted})
    return find(engine).emit(request(model=model)).command


@pytest.mark.parametrize(
    ("engine", "wanted", "flag"),
    [
        ("vllm", True, "--enable-prefix-caching"),
        ("vllm", False, "--no-enable-prefix-caching"),
        ("sglang", False, "--disable-radix-cache"),
    ],
)
def test_the_cache_of_prefixes_is_what_the_stack_file_says(engine: str, wanted: bool, flag: str):
    assert flag in cached(engine, wanted)


@pytest.mark.parametrize(("engine", "wanted"), [("vllm", None), ("sglang", None), ("sglang", True)])
def test_the_cache_of_prefixes_is_left_to_an_engine_that_does_so_by_itself(engine: str, wanted: bool | None):
    assert not [part for part in cached(engine, wanted) if "prefix-caching" in part or "radix" in part]
