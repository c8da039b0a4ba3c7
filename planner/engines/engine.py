"""What the planner asks of an engine: everything that tells one from another, as data beside its emitter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from catalog.engines import EngineName, SourceName
from catalog.hardware import Gpu
from catalog.models import ModelKind, WeightFormat
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


@dataclass(frozen=True)
class KvCache:
    """The KV cache of an engine. `types` are those that its numbers may have, with the bytes of each number; `flag` is
    the option that takes one (None: every release takes all); `runs` tells whether one runs, None: no source says."""

    types: Mapping[str, float]
    flag: str | None = None
    runs: Callable[[CacheUse], bool | None] = _always


@dataclass(frozen=True)
class AtLoad:
    """How an engine quantises plain weights as it reads them: the `methods`, the `flags` without which an image has not
    such a method, the `streaming_flags` without which it reads all weights before it quantises them, and the
    `doubling_flags` with which it then holds both."""

    methods: tuple[str, ...] = ()
    flags: Mapping[str, str] = field(default_factory=dict)
    streaming_flags: Mapping[str, str] = field(default_factory=dict)
    doubling_flags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Experts:
    """Expert and data parallelism. `flag` and `data_flag` are the options that an image's release must know to deal
    out experts whole, and to give each of several data-parallel ranks its own attention; None: the engine cannot.
    `gathers`: with such ranks every other layer is still cut over all GPUs. `evenly`: each GPU must get as many
    experts."""

    flag: str | None = None
    data_flag: str | None = None
    gathers: bool = False
    evenly: bool = False


@dataclass(frozen=True)
class Speculation:
    """Speculative decoding. `methods` tells those of `speculative` that a release has on a GPU, by its flags and the
    compute capability; `with_adapters` are those that go with LoRA adapters (None: all), `unstaged` those that do not
    go with pipeline parallelism."""

    methods: Callable[[frozenset[str], float | None], tuple[str, ...]] = _nothing
    with_adapters: tuple[str, ...] | None = None
    unstaged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Offload:
    """The KV cache in the machine's memory. `in_shared_memory`: it lies in /dev/shm; `by` is the setting that must not
    be off for it; `windows_flag` came with the releases in which layers keep their window though others are offloaded
    (None: all do)."""

    in_shared_memory: bool = False
    by: str | None = None
    windows_flag: str | None = None


@dataclass(frozen=True)
class CommandLine:
    """An engine's command line, where it is the user's to extend (`extraArgs`): but for `secret` and `fixed` flags.

    `typed` are the flags that a setting stands for, `replaced` says what to do where a release has dropped one.
    `flexible`: its parser reads underscores as dashes, and dotted names as parts of an option's JSON. `no_images` are
    the flags by which it does not try the largest image, each with what its value then matches, `backends` the compute
    capabilities that values of --attention-backend need, `quiet` the log levels at which it does not print its key
    (empty: it prints it at none).
    """

    secret: frozenset[str]
    fixed: frozenset[str]
    typed: Mapping[str, str]
    replaced: Mapping[str, str] = field(default_factory=dict)
    flexible: bool = False
    no_images: Mapping[str, str] = field(default_factory=dict)
    backends: Mapping[str, float] = field(default_factory=dict)
    quiet: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine.

    `title` is its name in a sentence, `emit` makes its pod, which listens at `port` and answers at `health` once it
    serves. `api_key_env` is the variable that gives it its API key; None: it asks for none. `start` names the duration
    of its start in the catalogue, `start_compiled` that of one which finds what an earlier one compiled (None: it
    compiles nothing), `eager` is the flag with which it does not. `metrics` is None where it has none. `python`: its
    image has Python. `least_compute` is the compute capability without which no release of it runs; None: each image
    has its own. `instead` is the engine to turn to, with the same files, where this one does not fit.

    `memory` of a GPU: it takes a "share" of it for everything (`default_utilization` where neither stack file nor image
    says how much), is told a "static" share for weights and cache alone, or finds its "own" way. `on_cpu`: it computes
    on the CPU what no GPU holds. `shared_memory`: its processes talk through /dev/shm. `longest` bounds the context in
    tokens by the release's flags and the GPU's compute capability; None where nothing does. `in_flight` are the tokens
    that it may be computing, by the release's flags, on such a GPU, with so many pipeline stages and a batch of so many
    tokens (None: its own choice), while a layer with a window keeps what they reach back to; 0: such a layer is kept no
    more than its window. `whole_batch`: a step must have room for a token of every request.

    `tensor_parallel`: it splits each layer over GPUs, else whole layers only. `span`: how it spans machines; None: it
    does not.

    `tasks` are what it serves models for that were trained for it besides chat, `converts` the pairs of a model's kind
    and a task of another that it makes such a model do. `formats` are the weight files that it reads, `last_formats`
    the last releases that read files of a format which it has given up, `old_marlin` is the flag of releases whose
    Marlin kernels run below compute capability 8.0; `takes_dtype`: it computes in the type that it
    is given, else in that of its files. `sources` are those that its files come from, the usual one first; `library` is
    where its own registry lists what it has, under whose ids it serves; None: it has no registry.

    `variables` is how the variables begin that it alone reads; `reserved` are those that no user may set, with the
    reason, beside that of the key, `decisive` those that it sets only where it would not start else, `backend_env` is
    the one that chooses how attention is computed. `reads_links`: it takes a variable of a Service that is called like
    it for its own. `command_line` is None where it is set up by variables alone. `longer`: the flags and variables by
    which it takes a context beyond the model's own. `templates`: it takes a chat template of the user's. `passes_on`
    are the settings that it takes as they stand and another may not, `tunes` those that change what it takes of memory,
    each with the option that its release must know. `adapter_name` is how a request names an adapter of what is
    `served`, whose own name must not hold `divider`.
    """

    name: EngineName
    title: str
    emit: Callable[[EngineRequest], EngineSpec]
    port: int
    health: str
    api_key_env: str | None = None
    start: str
    start_compiled: str | None = None
    eager: str | None = None
    metrics: Metrics | None = None
    python: bool = True
    least_compute: float | None = None
    instead: EngineName | None = None

    memory: Literal["share", "static", "own"] = "share"
    default_utilization: float = 0.90
    on_cpu: bool = False
    shared_memory: bool = True
    cache: KvCache
    offload: Offload = Offload()
    longest: Callable[[frozenset[str], float], int | None] = _unbounded
    in_flight: Callable[[frozenset[str], Gpu, int, int | None], int] = _one_window
    whole_batch: bool = False

    tensor_parallel: bool = True
    experts: Experts = Experts()
    span: Span | None = None

    tasks: tuple[Task, ...] = ()
    converts: frozenset[tuple[ModelKind, Task]] = frozenset()
    formats: tuple[WeightFormat, ...]
    last_formats: Mapping[str, str] = field(default_factory=dict)
    old_marlin: str | None = None
    at_load: AtLoad = AtLoad()
    takes_dtype: bool = True
    sources: tuple[SourceName, ...]
    library: str | None = None

    variables: tuple[str, ...]
    reserved: Mapping[str, str] = field(default_factory=dict)
    decisive: frozenset[str] = frozenset()
    backend_env: str | None = None
    reads_links: bool = False
    command_line: CommandLine | None = None
    longer: frozenset[str] = frozenset()
    templates: bool = True
    passes_on: frozenset[str] = frozenset()
    tunes: Mapping[str, str] = field(default_factory=dict)
    speculation: Speculation = Speculation()
    adapter_name: str = "{name}"
    divider: str | None = None

    @property
    def keyed(self) -> bool:
        """Whether it asks for an API key, as the OpenAI protocol has one."""
        return self.api_key_env is not None

    @property
    def own_ids(self) -> bool:
        """Whether it serves what its own registry has, under the ids of that."""
        return self.library is not None


def has(flag: str | None, flags: frozenset[str]) -> bool:
    """Whether a release with these flags has what came with `flag`; None: every release has it."""
    return flag is None or flag in flags
