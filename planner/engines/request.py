"""What an engine is asked to serve: the input of every emitter, all numbers decided."""

from dataclasses import dataclass

from planner.plan.server import Resources
from settings.models import Model, Task


@dataclass(frozen=True)
class EngineRequest:
    """One server pod to describe.

    `flags` are what the image's release knows: `option`, `option=value`, and what else came with it.
    `compute_capability` is None on a machine without GPU. `max_model_len` (tokens) and `utilization` None leave them to
    the engine; `chunk` tokens are read in one step and `running` requests answered, None: the engine decides.
    `required` are the arguments that the model needs besides, each a flag with its value. `offload_gib` of the
    machine's memory keep what its cache has no room for. `network_store`: the weights lie on NFS or the like.
    `startup_failures` and `load_seconds` come from the one startup budget. `task` is what the model is served for,
    `convert` whether it was trained for something else, `encoder` whether it reads a text at once and keeps no cache.
    `draft_path` is where the draft model lies, `adapters` are names and folders of LoRA adapters. `measured`:
    somebody reads its metrics. `model` is the user's own section, for what the planner passes on as it stands; its
    `env` and `extra_args` win.
    """

    model: Model
    served_name: str
    model_id: str
    model_path: str
    image: str
    flags: frozenset[str]
    user: int | None
    compute_capability: float | None
    tensor_parallel: int
    pipeline_parallel: int
    max_model_len: int | None
    utilization: float | None
    dtype: str
    at_load: str | None
    reasoning_parser: str | None
    tool_parser: str | None
    network_store: bool
    resources: Resources
    shm_mib: int
    startup_failures: int
    load_seconds: float
    data_parallel: int = 1
    expert_parallel: bool = False
    chunk: int | None = None
    running: int | None = None
    required: tuple[tuple[str, ...], ...] = ()
    offload_gib: int | None = None
    task: Task = "chat"
    convert: bool = False
    encoder: bool = False
    draft_path: str | None = None
    adapters: tuple[tuple[str, str], ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    measured: bool = False
