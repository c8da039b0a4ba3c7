"""The stack file as frozen, typed values.

One class per section of the stack file (``tke-llm:<section>``), in modules by subject. Defaults live there and nowhere
else: the JSON Schema, docs/configuration.md and the sample stacks are generated from, or checked against, these
classes.

Everything in them is plain data. Secrets never enter: `Settings.secrets` holds only the names of those that are set.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from settings.access import Expose, NetworkPolicy
from settings.api import Api, Client
from settings.cluster import Cluster
from settings.models import Model
from settings.monitoring import Monitoring
from settings.names import (
    DiagnosticCode,
    Hardware,
    MirrorAddress,
    ModelName,
    Namespace,
    ObjectName,
    OneLine,
    PoolName,
    Registry,
    TagValue,
)
from settings.network import Network
from settings.pools import Pool
from settings.section import Section
from settings.storage import Storage
from settings.values import Flag, Price, dns_name, switch
from settings.warm_start import WarmStart
from settings.webui import Webui


class Images(Section):
    """Where images are pulled from."""

    mirrors: dict[Registry, MirrorAddress] = Field(
        default={}, max_length=100, description="Registry -> mirror, over the catalogue's own map."
    )
    pull_secret: ObjectName | None = Field(default=None, description="Name of an image pull Secret in the namespace.")


SECRET_NAMES = (
    "apiKeys",
    "clientKeys",
    "hfToken",
    "webuiAdminPassword",
    "databaseUrl",
    "kubeconfig",
    "oidcClientSecret",
    "webuiEnv",
)
"""Top-level keys that hold secrets. They are set with ``pulumi config set --secret`` and never parsed."""
SECRET_MAPS = {"apiKeys": "model", "clientKeys": "client", "webuiEnv": "VARIABLE"}
"""Those of them that hold an object of secrets, and what its keys are."""


class Settings(Section):
    """The whole stack file. `pools` and `models` must be given; all else has a default for a first deployment."""

    network: Network = Field(default=Network.model_construct(), description="VPC, subnets and Internet access.")
    cluster: Cluster = Field(default=Cluster.model_construct(), description="The TKE cluster.")
    storage: Storage = Field(default=Storage.model_construct(), description="Where models are stored.")
    pools: dict[PoolName, Pool] = Field(min_length=1, max_length=50, description="Machines with GPUs, by name.")
    models: dict[ModelName, Model] = Field(min_length=1, max_length=100, description="Models that are served, by name.")
    webui: Annotated[Webui, BeforeValidator(switch)] = Field(
        default=Webui.model_construct(), description="The chat page, or `false`."
    )
    expose: Expose = Field(default=Expose.model_construct(), description="How people reach it.")
    api: Api = Field(default=Api.model_construct(), description="One API for all models.")
    clients: dict[ModelName, Client] = Field(
        default={}, max_length=200, description="Who asks the API by a key of its own, by name."
    )
    network_policy: Annotated[NetworkPolicy, BeforeValidator(switch)] = Field(
        default=NetworkPolicy.model_construct(), description="Who may talk to whom inside, or `false`."
    )
    monitoring: Monitoring = Field(default=Monitoring.model_construct(), description="Metrics, alerts and a dashboard.")
    images: Images = Field(default=Images.model_construct(), description="Where images are pulled from.")
    warm_start: WarmStart = Field(
        default=WarmStart.model_construct(), description="What is kept so that a new replica starts sooner."
    )
    order: Literal["auto", "fastest", "cheapest"] = Field(
        default="auto",
        description="`cheapest` holds GPUs back until models are downloaded; `fastest` overlaps everything.",
    )
    retain: Flag = Field(
        default=False, description="Keep the model store and the WebUI's data when the stack is destroyed."
    )
    smoke_test: Flag = Field(
        default=True, description="End `pulumi up` with questions to the models and the chat page."
    )
    pause: Flag = Field(
        default=False, description="Take models and GPU pools to zero; data, chat page and endpoint stay."
    )
    force: tuple[DiagnosticCode, ...] = Field(
        default=(), max_length=200, description="Codes of errors to take as warnings."
    )
    namespace: Namespace = Field(
        default="llm", description="Kubernetes namespace; on a cluster that exists already: `llm-<stack>`."
    )
    tags: dict[OneLine, TagValue] = Field(default={}, max_length=45, description="Tags on every cloud resource.")
    prices: dict[Hardware, Price] = Field(
        default={},
        max_length=500,
        description="Your price per hour of a machine type or GPU type; for reports, and for `tke-llm fit --stack`.",
    )

    # Not sections of the stack file: the readers fill them in.
    project: Annotated[str, Field(exclude=True)] = "tke-llm"
    stack: Annotated[str, Field(exclude=True)] = "dev"
    region: Annotated[str | None, Field(exclude=True)] = None
    secrets: Annotated[frozenset[str], Field(exclude=True)] = frozenset()

    def owns_cluster(self) -> bool:
        """Whether this stack makes the cluster (and so the network, pools and add-ons)."""
        return self.cluster.existing is None

    def namespace_name(self) -> str:
        """The namespace: the one asked for, or a default that two stacks on one cluster do not share."""
        return self.namespace if "namespace" in self.model_fields_set else f"{self.namespace}{self.cluster_suffix()}"

    def cluster_suffix(self) -> str:
        """What ends names that a whole cluster shares: the stack's, on a cluster that may hold another stack."""
        return "" if self.owns_cluster() else f"-{dns_name(self.stack)}"

    def pool_of(self, model: Model) -> str | None:
        """The pool that a model names, or the only one there is."""
        return model.pool or (next(iter(self.pools)) if len(self.pools) == 1 else None)

    def may_idle(self, pool: str) -> bool:
        """Whether no model on a pool keeps a replica while nobody asks."""
        return all(model.replica_range()[0] == 0 for model in self.models.values() if self.pool_of(model) == pool)

    def zone_of(self, pool: Pool) -> str | None:
        """The zone that a pool names, or the first of the network; None where there is none."""
        return pool.zone or next(iter(self.network.zones), None)


SECTION_NAMES = tuple(field.alias or name for name, field in Settings.model_fields.items() if not field.exclude)
"""The keys under ``tke-llm:`` that are sections (not secrets), in the order of the documentation."""
