"""What the pods of all engines have in common: user, writable folders, probes, drain."""

from planner.engines.engine import Engine
from planner.engines.operations import EXIT_SECONDS, PRE_STOP_SECONDS, PROBE_PERIOD
from planner.engines.request import EngineRequest
from planner.plan.server import GIB, EngineSpec, HttpProbe, Probe, Scratch

USER = 1000
GROUP = 1000
"""The user where the image brings none of its own, and the group. Neither needs an entry in the image's /etc/passwd,
since HOME and USER are set; the download Job hands the model's files to this group."""

HOME = "/home/server"
TMP = "/tmp"  # noqa: S108  a folder of the pod's own
FOLDERS = (Scratch("home", HOME, size_mib=8 * GIB), Scratch("tmp", TMP, size_mib=4 * GIB))
"""Compiled kernels and graphs come to a few GiB for each GPU type and set of shapes, and are made anew by every pod; in
/tmp are sockets, and what users upload while it is read."""
LIVENESS_FAILURES = 10


def assemble(
    engine: Engine,
    request: EngineRequest,
    *,
    command: tuple[str, ...],
    variables: dict[str, str],
    probes: tuple[Probe, Probe, Probe],
    drain: int,
    tool_calls: bool | None,
) -> EngineSpec:
    """The pod of an engine, from what is the engine's own. `probes`: startup, readiness, liveness; `drain`: seconds
    that it finishes open requests in; `tool_calls` as in EngineSpec."""
    startup, readiness, liveness = probes
    return EngineSpec(
        engine=engine.name,
        image=request.image,
        command=command,
        env=_environment(variables, request),
        api_key_env=engine.api_key_env,
        port=engine.port,
        user=request.user or USER,
        group=GROUP,
        resources=request.resources,
        startup=startup,
        readiness=readiness,
        liveness=liveness,
        scratch=_scratch(request),
        pre_stop_sleep=PRE_STOP_SECONDS,
        grace_period=PRE_STOP_SECONDS + drain + EXIT_SECONDS,
        annotations=request.annotations,
        tool_calls=tool_calls,
    )


def _scratch(request: EngineRequest) -> tuple[Scratch, ...]:
    """The folders that a server may write to. /dev/shm is RAM and counts against the container's memory."""
    if not request.shm_mib:
        return FOLDERS
    return (*FOLDERS, Scratch("shm", "/dev/shm", size_mib=request.shm_mib, memory=True))  # noqa: S108


def home() -> dict[str, str]:
    """Variables that a process without an entry in /etc/passwd needs: torch asks for the name of its user."""
    return {
        "HOME": HOME,
        "USER": "server",
        "LOGNAME": "server",
        "TMPDIR": TMP,
        "XDG_CACHE_HOME": f"{HOME}/.cache",
        "XDG_CONFIG_HOME": f"{HOME}/.config",
    }


def compile_caches() -> dict[str, str]:
    """Where torch and Triton put the kernels that they compile."""
    return {
        "TRITON_CACHE_DIR": f"{HOME}/.cache/triton",
        "TORCHINDUCTOR_CACHE_DIR": f"{HOME}/.cache/inductor",
        "HF_HOME": f"{HOME}/.cache/huggingface",
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "DO_NOT_TRACK": "1",
    }


def _environment(ours: dict[str, str], request: EngineRequest) -> tuple[tuple[str, str], ...]:
    """Our variables, less those that the user sets, and the user's."""
    return tuple({**ours, **dict(request.model.env)}.items())


def http_probes(request: EngineRequest, path: str) -> tuple[HttpProbe, HttpProbe, HttpProbe]:
    """Startup, readiness, liveness. Liveness begins when startup has succeeded, so it never kills a loading model."""
    return (
        HttpProbe(path, period=PROBE_PERIOD, failures=request.startup_failures, timeout=5),
        HttpProbe(path, period=5, failures=2, timeout=5),
        HttpProbe(path, period=PROBE_PERIOD, failures=LIVENESS_FAILURES, timeout=5),
    )
