"""How a stack comes up: what waits for what, what is kept for the next replica, what is asked in the end."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.plan.server import Resources
from settings.models import Task

if TYPE_CHECKING:
    from planner.plan.types import ModelPlan


@dataclass(frozen=True)
class AskedModel:
    """A model that is asked: its API at `url` in the cluster, and at `public_url` from outside (None: it has no
    address there). `keyed`: it answers nobody without its API key. `task` is what it is asked for."""

    name: str
    served_name: str
    url: str
    keyed: bool
    patience_seconds: int
    public_url: str | None = None
    task: Task = "chat"

    @property
    def chats(self) -> bool:
        return self.task == "chat"


@dataclass(frozen=True)
class AskedApi:
    """The API of all models that is asked, by a client's key of its own: at `url` in the cluster, and at `public_url`
    from outside. `models` are what requests may name there, each once."""

    url: str
    public_url: str | None
    models: tuple[AskedModel, ...]
    patience_seconds: int


@dataclass(frozen=True)
class AskedPage:
    """The chat page that is asked, by an account that the administrator called `email` makes and removes. Where nobody
    signs in `by_password` it is asked as far as its login. `chats`: whoever signs in may talk to the models."""

    url: str
    email: str
    by_password: bool
    chats: bool
    patience_seconds: int
    public_url: str | None = None


@dataclass(frozen=True)
class ForbiddenConnection:
    """A connection that the nodes at `place` must refuse. `promised`: the stack itself installs what refuses it, so
    that it is a fault when it opens. `model`: the one that must not let it in; None where the pod must not go there."""

    host: str
    port: int
    place: str
    promised: bool
    model: str | None = None


@dataclass(frozen=True)
class SmokeTestPlan:
    """What is asked of the stack after the rollout. `gateway`: the Service at which public addresses are asked, None
    where they are not; `pending`: what HTTPS waits for there that is not the stack's to make. `limit_seconds`: of the
    asking, `deadline_seconds`: of the Job. `subject` changes with anything that is worth asking again. `api`: None
    where each model has an address of its own."""

    image: str
    models: tuple[AskedModel, ...]
    page: AskedPage | None
    gateway: str | None
    pending: str | None
    forbidden: tuple[ForbiddenConnection, ...]
    limit_seconds: int
    deadline_seconds: int
    subject: str
    api: AskedApi | None = None


@dataclass(frozen=True, kw_only=True)
class PrefetchPlan:
    """The `images` that are kept on every node of a `pool`, and what the pod takes of the node that keeps them there.
    `seconds`: how long they take to come."""

    pool: str
    images: tuple[str, ...]
    resources: Resources
    seconds: float


@dataclass(frozen=True, kw_only=True)
class CompileCachePlan:
    """Where in the store lies what a model's engine compiled: `folder` is of its files, whoever serves them, `file` of
    one image, GPU and command. `cached` is where the engine has it. `resources`: of each container that brings or keeps
    it; `days`: so long it is kept without being used."""

    folder: str
    file: str
    cached: str
    resources: Resources
    days: int


@dataclass(frozen=True, kw_only=True)
class NodeCachePlan:
    """The models' files on the disk of every node of a `pool`: the `directories` of the store, in a `folder` of the
    node that pods of `namespace` make for `group`. `image` is what all its pods run; `filler` copies, `keeper` makes
    the folder. What was not named for `days` goes; `free` is the share of the disk that stays free. `gib` is their
    size, `mbps` what the disk reads, None where nobody knows. `seconds`: how long the image takes to come."""

    pool: str
    namespace: str
    folder: str
    directories: tuple[str, ...]
    image: str
    group: int
    gib: int
    filler: Resources
    keeper: Resources
    days: int
    free: float
    mbps: float | None
    seconds: float


@dataclass(frozen=True, kw_only=True)
class StartPlan:
    """What one more replica waits for on a node that has room for it, in seconds: the engine's image, the model's
    files, and the engine's own start."""

    image: float
    files: float
    engine: float

    @property
    def seconds(self) -> float:
        return self.image + self.files + self.engine


@dataclass(frozen=True, kw_only=True)
class WarmStartPlan:
    """What is kept so that a new replica starts sooner: images by `prefetch`, by model what its engine compiled, and
    models' files by `node_caches`. `cold` and `warm` are the starts of one more replica of each model, without all this
    and with it."""

    prefetch: tuple[PrefetchPlan, ...]
    compile_caches: dict[str, CompileCachePlan]
    node_caches: tuple[NodeCachePlan, ...]
    cold: dict[str, StartPlan]
    warm: dict[str, StartPlan]

    def on(self, pool: str) -> PrefetchPlan | None:
        """The images that are kept on the nodes of a pool."""
        return next((each for each in self.prefetch if each.pool == pool), None)

    def cache_for(self, model: "ModelPlan") -> NodeCachePlan | None:
        """Where a model's files are kept on its nodes."""
        kept = (each for each in self.node_caches if each.pool == model.pool)
        return next((each for each in kept if model.download.directory in each.directories), None)


@dataclass(frozen=True)
class OrderPlan:
    """Whether GPU pools wait for the downloads; `hold` names the pools that do."""

    chosen: str
    hold: tuple[str, ...]
    because: str
