"""What the planner asks of an engine: everything that tells one from another, as data beside its emitter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from catalog.engines import EngineName, SourceName
from catalog.types import Gpu, ModelKind, WeightFormat
from planner.engines.request import EngineRequest
from planner.plan.server import EngineSpec
from settings.models import Task


@dataclass(frozen=True)
class Span:
    """How one server spans several machines: its command is started on each of them and its processes meet on the
    leader's `port`, each under the address that it reads from the variable `address_env`.

    `arguments(size, rank, leader, port)` is what each start takes besides, `worker` what all but the leader's do.
    `flag` is the option that an image's release must know for it; None: every release does.
    """

    port: int
    address_env: str
    arguments: Callable[[int, str, str, int], tuple[str, ...]]
    worker: tuple[str, ...] = ()
    flag: str | None = None


REQUEST_TOKENS = 2048
"""A request that is being answered is taken to hold this many tokens of the cache. More at once than it has room for
are thrown out and begun again (`retract` in SGLang's log, preemption in vLLM's)."""


@dataclass(frozen=True)
class Metrics:
    """What an engine says of its load: `waiting` is the gauge, among those at `path`, of requests that wait for a place
    in a batch, `running` that of requests that have one."""

    path: str
    waiting: str
    running: str


@dataclass(frozen=True)
class CacheUse:
    """A KV cache that is asked for: its `dtype`, the release's `flags`, the GPU's compute capability, and of the model
    whether its attention is `latent` (MLA), the `kinds` of attention that not every kernel has, the size of a head and
    the format of its weights. `chosen`: somebody has chosen the backend of attention."""

    dtype: str
    flags: frozenset[str]
    compute_capability: float
    latent: bool
    format: str
    head_dim: int = 128
    kinds: frozenset[str] = frozenset()
    chosen: bool = False


def _always(_use: CacheUse) -> bool | None:
    return True


def _one_window(_flags: frozenset[str], _gpu: Gpu, _stages: int, _batch: int | None) -> int:
    return 0


def _nothing(_flags: frozenset[str], _compute_capability: float | None) -> tuple[str, ...]:
    return ()


def _unbounded(_flags: frozenset[str], _compute_capability: float) -> int | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine.

    `title` is its name in a sentence, `emit` makes its pod, which listens at `port` and answers at `health` once it
    serves. `api_key_env` is the variable that gives it its API key; None: it asks for none. `start` names the duration
    of its start in the catalogue. `metrics` is None where it has none. `python`: its image has Python.

    `memory` of a GPU: it takes a "share" of it for everything (`default_utilization` where neither stack file nor image
    says how much), is told a "static" share for weights and cache alone, or finds its "own" way. `on_cpu`: it computes
    on the CPU what no GPU holds. `shared_memory`: its processes talk through /dev/shm, `offload_in_shared_memory`: and
    keep there what they offload; `offload_by` is the setting that must not be off for it. `tensor_parallel`:
    it splits each layer over GPUs, else whole layers only. `span`: how it spans machines; None: it does not. `longest`
    bounds the context in tokens by the release's flags and the GPU's compute capability; None where nothing does.
    `in_flight` are the tokens that it may be computing, by the release's flags, on such a GPU, with so many pipeline
    stages and a batch of so many tokens (None: its own choice), while a layer with a window keeps what they reach back
    to; 0: such a layer is kept no more than its window. `no_images` are the flags by which it does not try the largest
    image, each with what its value then matches.

    `expert_flag` and `data_flag` are the options that an image's release must know to deal out experts whole, and to
    give each of several ranks its own attention; None: it cannot. `gathers`: with such ranks every other layer is still
    cut over all GPUs. `experts_evenly`: each GPU must get as many.
    `tasks` are what it asks models that were trained for it besides chat, `converts` the pairs of a model's kind and a
    task of another that it makes such a model do.

    `formats` are the weight files that it reads, `at_load` the methods by which it quantises plain ones as it reads
    them, `last_formats` the last releases that read files of a format which it has given up; `at_load_flags` are the
    flags without which an image has not such a method, `streaming_flags` those without which it reads all plain weights
    before it quantises them, `doubling_flags` those with which it then holds both; `old_marlin` is the flag of releases
    whose Marlin kernels run below compute capability 8.0; `takes_dtype`: it computes in the type that it is told, else
    in that of its files. `cache_types` are the types that the numbers of its KV cache may have, with the bytes of each
    number; `cache_flag` is the option that takes one (None: every release takes all); `cache_runs` tells whether one
    runs, None: no source says; `backend_env` is the variable that chooses how attention is computed. `least_compute` is
    the compute capability without which no release of it runs; None: each image has its own. `sources` are those that
    its files come from, the usual one first; `library` is where its own registry lists what it has, under whose ids it
    serves; None: it has no registry. `instead` is the engine to turn to, with the same files, where this one does not
    fit.

    `variables` is how the variables begin that it alone reads; `reserved` are those that no user may set, with the
    reason, beside that of the key. `whole_batch`: a step must have room for a token of every request. `templates`: it
    takes a chat template of the user's. `takes_arguments`: its command line is the user's to extend, but for
    `secret_flags` and `fixed_flags`; `typed_flags` are those that a setting stands for, `replaced` says what to do
    where a release has dropped one, `passes_on` are the settings that it takes as they stand and another may not,
    `tunes` those that change what it takes of memory, each with the option that its release must know. `longer`: the
    flags and variables by which it takes a context beyond the model's own. `quiet` are the log levels at which it does
    not print its key; empty: it prints it at none. `reads_links`: it takes a variable of a Service that is called like
    it for its own. `flexible_parser`: its parser reads underscores as dashes, and dotted names as parts of an option's
    JSON.

    `offload_windows` is what came with the releases in which layers keep their window though others are offloaded;
    None: all do. `speculates` tells the methods of `speculative` that a release has on a GPU, `adapts_with` those
    that go with adapters (None: all); `adapter_name` is how a request names an adapter of what is `served`.
    `whole_guesses` are the methods of guessing that do not go with stages. `backends` are the compute capabilities
    that values of --attention-backend need, `decisive` the variables that it sets only where it would not start
    else.
    """

    name: EngineName
    title: str
    emit: Callable[[EngineRequest], EngineSpec]
    port: int
    health: str
    api_key_env: str | None = None
    start: str
    metrics: Metrics | None = None
    python: bool = True

    memory: Literal["share", "static", "own"] = "share"
    default_utilization: float = 0.90
    on_cpu: bool = False
    shared_memory: bool = True
    offload_in_shared_memory: bool = False
    offload_by: str | None = None
    offload_windows: str | None = None
    tensor_parallel: bool = True
    expert_flag: str | None = None
    data_flag: str | None = None
    gathers: bool = False
    experts_evenly: bool = False
    span: Span | None = None
    longest: Callable[[frozenset[str], float], int | None] = _unbounded
    in_flight: Callable[[frozenset[str], Gpu, int, int | None], int] = _one_window
    no_images: Mapping[str, str] = field(default_factory=dict)

    tasks: tuple[Task, ...] = ()
    converts: frozenset[tuple[ModelKind, Task]] = frozenset()
    formats: tuple[WeightFormat, ...]
    at_load: tuple[str, ...] = ()
    at_load_flags: Mapping[str, str] = field(default_factory=dict)
    streaming_flags: Mapping[str, str] = field(default_factory=dict)
    doubling_flags: Mapping[str, str] = field(default_factory=dict)
    old_marlin: str | None = None
    last_formats: Mapping[str, str] = field(default_factory=dict)
    takes_dtype: bool = True
    cache_types: Mapping[str, float] = field(default_factory=dict)
    cache_flag: str | None = None
    cache_runs: Callable[[CacheUse], bool | None] = _always
    backend_env: str | None = None
    least_compute: float | None = None
    sources: tuple[SourceName, ...]
    library: str | None = None
    instead: EngineName | None = None

    variables: tuple[str, ...]
    reserved: Mapping[str, str] = field(default_factory=dict)
    whole_batch: bool = False
    templates: bool = True
    takes_arguments: bool = True
    secret_flags: frozenset[str] = frozenset()
    fixed_flags: frozenset[str] = frozenset()
    typed_flags: Mapping[str, str] = field(default_factory=dict)
    backends: Mapping[str, float] = field(default_factory=dict)
    decisive: frozenset[str] = frozenset()
    whole_guesses: tuple[str, ...] = ()
    passes_on: frozenset[str] = frozenset()
    tunes: Mapping[str, str] = field(default_factory=dict)
    speculates: Callable[[frozenset[str], float | None], tuple[str, ...]] = _nothing
    adapts_with: tuple[str, ...] | None = None
    adapter_name: str = "{name}"
    longer: frozenset[str] = frozenset()
    replaced: Mapping[str, str] = field(default_factory=dict)
    quiet: tuple[str, ...] = ()
    reads_links: bool = False
    flexible_parser: bool = False

    @property
    def keyed(self) -> bool:
        """Whether it asks for an API key, as the OpenAI protocol has one."""
        return self.api_key_env is not None

    @property
    def own_ids(self) -> bool:
        """Whether it serves what its own registry has, under the ids of that."""
        return self.library is not None
