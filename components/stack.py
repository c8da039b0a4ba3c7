"""The whole stack as one graph: cloud, storage, models, chat page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.cloud.addons import Addons, AddonsArgs
from components.cloud.cluster import AttachedCluster, AttachedClusterArgs, ManagedCluster, ManagedClusterArgs
from components.cloud.network import VpcNetwork, VpcNetworkArgs
from components.cloud.pools import GpuPool, GpuPoolArgs
from components.cloud.roles import ServiceRoles, ServiceRolesArgs
from components.downloads import DownloadsArgs, make_downloads
from components.inbound import InboundArgs, Installer, make_inbound
from components.measured import MeasuredArgs, make_measured, reached_inside
from components.model_files import ModelFilesArgs, model_files
from components.naming import Naming
from components.outputs import stack_outputs
from components.workloads import kube
from components.workloads.api_gateway import clients_secret
from components.workloads.autoscaling import ModelAutoscaling, ModelAutoscalingArgs
from components.workloads.client_keys import ClientKeys, ClientKeysArgs
from components.workloads.image_prefetch import ImagePrefetch, ImagePrefetchArgs
from components.workloads.inference import Inference, InferenceArgs
from components.workloads.model_store import ModelStore, ModelStoreArgs
from components.workloads.multi_node import on_host_network
from components.workloads.node_cache import KeptFiles, NodeCache, NodeCacheArgs, kept_files
from components.workloads.smoke_test import SmokeTest, SmokeTestArgs
from components.workloads.webui import ChatPage, ChatPageArgs
from planner.access.api import CLIENT_KEYS, PAGE_CLIENT
from planner.page.decide import offered
from planner.page.variables import SEALED as SEALED_ENV
from planner.plan.access import ApiPlan
from planner.plan.types import (
    ExistingClusterPlan,
    ModelPlan,
    NetworkPlan,
    Plan,
    PoolPlan,
    ScalingPlan,
    WebuiPlan,
)
from planner.software.addons import BLOCK as BLOCK_ADDON
from planner.software.addons import GPU as GPU_ADDON
from planner.software.addons import SYSTEM
from planner.software.autoscaling import KEDA
from planner.software.lws import LWS


@dataclass(frozen=True, kw_only=True)
class LlmStackArgs:
    """A plan without errors, and the secrets that are set, by their key in the stack file (``apiKeys.<model>``)."""

    plan: Plan
    secrets: Mapping[str, pulumi.Output[str]]


class LlmStack(pulumi.ComponentResource):
    """Everything from the VPC to the chat page. `outputs` are those of the stack.

    Cloud resources take their region and credentials from the stack's own ``tencentcloud:`` configuration, that is
    from the default provider: an explicit one would have to repeat every key of it, secrets included.

    What `retain` keeps, it keeps by not deleting it (reclaim policies, `retain_on_delete`), never by `protect`, which
    would make ``pulumi destroy`` stop half-way instead of leaving the data behind.
    """

    outputs: dict[str, pulumi.Input[Any]]

    def __init__(self, name: str, args: LlmStackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:stack:LlmStack", name, None, opts)
        self._name = name
        self._plan = args.plan
        self._secrets = args.secrets
        self._naming = Naming.of(args.plan.names)
        self._child = pulumi.ResourceOptions(parent=self)

        network = None if self._plan.network is None else self._network(self._plan.network)
        cluster = self._cluster(network)
        cluster_addons = self._addons(cluster)
        addons = {} if cluster_addons is None else cluster_addons.installed
        # Inherited by what runs in the cluster; made from the endpoint's kubeconfig, and so after a ready node.
        provider = kubernetes.Provider(
            f"{name}-kubernetes",
            kubeconfig=cluster.kubeconfig,
            cluster_identifier=cluster.cluster_id,
            enable_server_side_apply=True,
            # After a lost answer the next `up` goes on with what is there; elsewhere that may be somebody else's.
            upsert_existing_objects=self._plan.owns_cluster or self._plan.retain,
            opts=self._child,
        )
        self._inside = pulumi.ResourceOptions(parent=self, providers=[provider])

        installer = Installer(
            name=name,
            inside=self._inside,
            cluster_id=cluster.cluster_id,
            node_selector=dict(self._plan.cpu.node_selector),
        )
        installed = {install.software: installer.install(install) for install in self._plan.installs}

        namespace = self._namespace(provider)
        store = self._store(namespace, network, addons)
        downloads = make_downloads(
            name,
            DownloadsArgs(
                plan=self._plan,
                namespace=namespace,
                claim=store.claim,
                token=self._secrets.get("hfToken"),
                after=[] if network is None else network.routes_out,
            ),
            self._inside,
        )
        pools = self._pools(cluster, network, addons, downloads)

        pulled = self._prefetch(namespace, pools)
        self._node_cache = self._keep_files(namespace, store, pools)
        models = self._plan.models
        before: dict[str, list[pulumi.Resource]] = {
            model.name: [
                *downloads[model.name],
                *([pools[model.pool].node_pool] if model.pool in pools else []),
                # An update stops the old replica, where it has to, once the new one's image is there.
                *([pulled[model.pool]] if model.pool in pulled else []),
                *(release for software, release in installed.items() if software == LWS and model.nodes > 1),
            ]
            for model in models.values()
        }
        # Nothing but NetworkPolicies keeps strangers from an engine without a key.
        keyless = [name for name, model in models.items() if model.spec.api_key_env is None]
        servers = {
            name: self._server(models[name], namespace, store, before[name]) for name in models if name not in keyless
        }
        keys = None if self._plan.api is None else self._client_keys(self._plan.api)
        webui = None if self._plan.webui is None else self._webui(self._plan.webui, namespace, store, servers, keys)
        scaled = [self._scaling(plan, servers[plan.model], installed) for plan in self._plan.scaling.values()]
        metrics = make_measured(
            name,
            MeasuredArgs(
                naming=self._naming,
                plan=self._plan,
                namespace=namespace,
                cluster=cluster,
                network=network,
                installed=installed,
                outside=self._child,
                inside=self._inside,
            ),
        )
        services: dict[str | None, pulumi.Input[str]] = {model: server.service for model, server in servers.items()}
        inbound = make_inbound(
            name,
            InboundArgs(
                naming=self._naming,
                plan=self._plan,
                namespace=namespace,
                network=network,
                installer=installer,
                services=services if webui is None else {**services, None: webui.service},
                keys=keys,
                engine_keys={name: each.api_key for name, each in servers.items() if each.api_key is not None},
                installed=installed,
                outside=self._child,
                inside=self._inside,
                instance_id=metrics.instance_id if metrics else None,
            ),
        )
        rest = [*servers.values(), *scaled, *inbound, *([] if webui is None else [webui])]
        enforcement = [] if cluster_addons is None else cluster_addons.finish(rest)
        servers |= {
            name: self._server(models[name], namespace, store, [*before[name], *enforcement]) for name in keyless
        }

        test = None
        if self._plan.smoke_test is not None:
            test = SmokeTestArgs(
                namespace=namespace,
                plan=self._plan.smoke_test,
                cpu=self._plan.cpu,
                pull_secret=self._plan.pull_secret,
                api_keys=None if self._plan.api is None else clients_secret(self._plan.api.clients),
                after=[*servers.values(), *([] if webui is None else [webui]), *inbound],
                enforced_by=enforcement,
            )
            SmokeTest(f"{name}-smoke", test, self._inside)

        self.outputs = stack_outputs(
            self._plan,
            cluster=cluster,
            servers=servers,
            webui=webui,
            test=test,
            keys=keys,
            kept=self._kept,
            metrics=metrics,
        )
        self.register_outputs(self.outputs)

    def _network(self, plan: NetworkPlan) -> VpcNetwork:
        cluster = self._plan.cluster
        return VpcNetwork(
            f"{self._name}-network",
            VpcNetworkArgs(
                naming=self._naming,
                plan=plan,
                api_allow=None if isinstance(cluster, ExistingClusterPlan) else cluster.api_allow,
                store_zone=self._plan.storage.zone,
            ),
            self._child,
        )

    def _cluster(self, network: VpcNetwork | None) -> ManagedCluster | AttachedCluster:
        plan = self._plan.cluster
        if isinstance(plan, ExistingClusterPlan):
            return AttachedCluster(
                f"{self._name}-cluster",
                AttachedClusterArgs(plan=plan, kubeconfig=self._secrets.get("kubeconfig")),
                self._child,
            )
        made_in = _needed(network, "a cluster")
        roles: Sequence[pulumi.Resource] = ()
        if plan.makes_roles:
            roles = ServiceRoles(f"{self._name}-roles", ServiceRolesArgs(naming=self._naming), self._child).ready
        return ManagedCluster(
            f"{self._name}-cluster",
            ManagedClusterArgs(
                naming=self._naming,
                plan=plan,
                vpc_id=made_in.vpc_id,
                subnet_ids=made_in.subnet_ids,
                pod_subnet_ids=made_in.pod_subnet_ids,
                node_security_group_id=made_in.node_security_group_id,
                api_security_group_id=made_in.api_security_group_id,
                retain=self._plan.retain,
                after=roles,
                reached_inside=reached_inside(self._plan),
            ),
            self._child,
        )

    def _addons(self, cluster: ManagedCluster | AttachedCluster) -> Addons | None:
        """The add-ons; none on a cluster that is not ours."""
        if not isinstance(cluster, ManagedCluster):
            return None
        return Addons(
            f"{self._name}-addons",
            AddonsArgs(
                cluster_id=cluster.cluster_id,
                addons=self._plan.addons,
                nodes={SYSTEM: [cluster.system_pool.node_pool]},
            ),
            self._child,
        )

    def _namespace(self, provider: kubernetes.Provider) -> pulumi.Output[str]:
        name = self._plan.names.namespace
        namespace = kubernetes.core.v1.Namespace(
            f"{self._name}-namespace",
            metadata={
                "name": name,
                "labels": {
                    **kube.labels("namespace", name, "namespace"),
                    **kube.namespace_labels(host_network=bool(on_host_network(self._plan.models.values()))),
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=provider,
                retain_on_delete=self._plan.storage.leaves_claims,
            ),
        )
        return namespace.metadata["name"]

    def _store(
        self, namespace: pulumi.Output[str], network: VpcNetwork | None, addons: Mapping[str, pulumi.Resource]
    ) -> ModelStore:
        plan = self._plan.storage
        files = model_files(
            self._name, ModelFilesArgs(naming=self._naming, plan=self._plan, network=network), self._child
        )
        self._kept = files.kept
        return ModelStore(
            f"{self._name}-store",
            ModelStoreArgs(
                namespace=namespace,
                plan=plan,
                retain=self._plan.retain,
                parameters=files.parameters,
                volume=files.volume,
                suffix=self._plan.names.suffix,
                after=[addon for name, addon in addons.items() if name not in {GPU_ADDON, BLOCK_ADDON}],
                webui_after=[addons[BLOCK_ADDON]] if BLOCK_ADDON in addons else [],
            ),
            self._inside,
        )

    def _pools(
        self,
        cluster: ManagedCluster | AttachedCluster,
        network: VpcNetwork | None,
        addons: Mapping[str, pulumi.Resource],
        downloads: Mapping[str, Sequence[pulumi.Resource]],
    ) -> dict[str, GpuPool]:
        return {
            pool.name: self._pool(pool, cluster, _needed(network, "a node pool"), addons, downloads)
            for pool in self._plan.pools.values()
            if pool.kind != "existing"
        }

    def _pool(
        self,
        pool: PoolPlan,
        cluster: ManagedCluster | AttachedCluster,
        network: VpcNetwork,
        addons: Mapping[str, pulumi.Resource],
        downloads: Mapping[str, Sequence[pulumi.Resource]],
    ) -> GpuPool:
        held = pool.name in self._plan.order.hold
        driver = addons.get(GPU_ADDON) if pool.kind != "super" else None
        return GpuPool(
            f"{self._name}-{pool.name}-pool",
            GpuPoolArgs(
                naming=self._naming,
                plan=pool,
                cluster_id=cluster.cluster_id,
                vpc_id=network.vpc_id,
                subnet_id=network.subnet_in(pool.zone),
                security_group_id=network.node_security_group_id,
                paused=self._plan.paused,
                after=[
                    *([] if driver is None else [driver]),
                    *(
                        job
                        for model in self._plan.models.values()
                        if held and model.pool == pool.name
                        for job in downloads[model.name]
                    ),
                ],
            ),
            self._child,
        )

    def _prefetch(self, namespace: pulumi.Output[str], pools: Mapping[str, GpuPool]) -> dict[str, pulumi.Resource]:
        """The images that are pulled ahead, by pool."""
        warm = self._plan.warm_start
        return {
            plan.pool: ImagePrefetch(
                f"{self._name}-{plan.pool}-images",
                ImagePrefetchArgs(
                    namespace=namespace,
                    plan=plan,
                    pool=self._plan.pools[plan.pool],
                    pull_secret=self._plan.pull_secret,
                    after=[pools[plan.pool].node_pool] if plan.pool in pools else [],
                ),
                self._inside,
            ).pulled
            for plan in (warm.prefetch if warm else ())
        }

    def _keep_files(
        self, namespace: pulumi.Output[str], store: ModelStore, pools: Mapping[str, GpuPool]
    ) -> NodeCache | None:
        """The models' files on the nodes of their pools, where the plan keeps any there."""
        plans = () if self._plan.warm_start is None else self._plan.warm_start.node_caches
        if not plans:
            return None
        return NodeCache(
            f"{self._name}-node-cache",
            NodeCacheArgs(
                namespace=namespace,
                plans=plans,
                pools=self._plan.pools,
                claim=store.claim,
                suffix=self._plan.names.suffix,
                closed=self._plan.policies is not None,
                pull_secret=self._plan.pull_secret,
                after={name: [pool.node_pool] for name, pool in pools.items()},
            ),
            self._inside,
        )

    def _kept_files(self, model: ModelPlan) -> KeptFiles | None:
        cached = None if self._plan.warm_start is None else self._plan.warm_start.cache_for(model)
        if cached is None or self._node_cache is None:
            return None
        return kept_files(
            model.spec,
            [each.directory for each in model.downloads],
            claim=self._node_cache.claims[cached.pool],
            configured=self._node_cache.script,
        )

    def _server(
        self,
        model: ModelPlan,
        namespace: pulumi.Output[str],
        store: ModelStore,
        after: Sequence[pulumi.Resource],
    ) -> Inference:
        warm = self._plan.warm_start
        return Inference(
            f"{self._name}-{model.name}-inference",
            InferenceArgs(
                namespace=namespace,
                model=model,
                pool=self._plan.pools[model.pool],
                claim=store.claim,
                api_key=self._secrets.get(f"apiKeys.{model.name}"),
                compile_cache=None if warm is None else warm.compile_caches.get(model.name),
                kept_files=self._kept_files(model),
                pull_secret=self._plan.pull_secret,
                paused=self._plan.paused,
                after=after,
            ),
            self._inside,
        )

    def _client_keys(self, api: ApiPlan) -> ClientKeys:
        start = f"{CLIENT_KEYS}."
        given = {name.removeprefix(start): key for name, key in self._secrets.items() if name.startswith(start)}
        return ClientKeys(f"{self._name}-api-keys", ClientKeysArgs(clients=api.clients, given=given), self._child)

    def _webui(
        self,
        plan: WebuiPlan,
        namespace: pulumi.Output[str],
        store: ModelStore,
        servers: Mapping[str, Inference],
        keys: ClientKeys | None,
    ) -> ChatPage:
        api = self._plan.api
        return ChatPage(
            f"{self._name}-webui",
            ChatPageArgs(
                namespace=namespace,
                plan=plan,
                models=list(offered(self._plan.models).values()),
                api_keys={name: server.api_key for name, server in servers.items() if server.api_key is not None},
                api=None if api is None or keys is None else (api.url, keys.current[PAGE_CLIENT]),
                claim=store.webui_claim,
                database_url=self._secrets.get("databaseUrl"),
                cpu=self._plan.cpu,
                admin_password=self._secrets.get("webuiAdminPassword"),
                oidc_client_secret=self._secrets.get("oidcClientSecret"),
                sealed_env={each: self._secrets[f"{SEALED_ENV}.{each}"] for each in plan.sealed_env},
                pull_secret=self._plan.pull_secret,
            ),
            self._inside,
        )

    def _scaling(
        self, plan: ScalingPlan, server: Inference, installed: Mapping[str, pulumi.Resource]
    ) -> ModelAutoscaling:
        spec = self._plan.models[plan.model].spec
        return ModelAutoscaling(
            f"{self._name}-{plan.model}-autoscaling",
            ModelAutoscalingArgs(
                namespace=self._plan.names.namespace,
                plan=plan,
                port=spec.port,
                spread=spec.spread is not None,
                paused=self._plan.paused,
                after=[*([installed[KEDA]] if KEDA in installed else []), server],
            ),
            self._inside,
        )


def _needed(network: VpcNetwork | None, what: str) -> VpcNetwork:
    """The network; `ValueError` where a plan has none for something that is made in one."""
    if network is None:
        raise ValueError(f"the plan has no network for {what}")
    return network
