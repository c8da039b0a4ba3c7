"""Starts the simulated providers, and makes sure that it is them who answer."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.pulumi_engine.faults import Faults
from rehearsal.pulumi_engine.infrastructure import Infrastructure
from rehearsal.pulumi_engine.objects import ObjectProvider
from rehearsal.pulumi_engine.providers import VERSION, Provider, RandomProvider
from rehearsal.pulumi_engine.world import CloudState

PACKAGES = ("tencentcloud", "kubernetes", "random")


@dataclass(frozen=True)
class Serving:
    """The ports of this machine on which the providers listen, by package, and how to stop them."""

    ports: Mapping[str, int]
    stop: Callable[[], None]


def serve(world: CloudState, faults: Faults, infrastructure: Infrastructure | None = None) -> Serving:
    """Start the three providers on free ports of the loopback interface. Without an `infrastructure`, which has a
    cluster on a control plane, objects of Kubernetes are in memory."""
    servers: list[grpc.Server] = []
    ports: dict[str, int] = {}
    in_memory = infrastructure is None
    providers = {
        "tencentcloud": Provider(world, faults, infrastructure),
        "kubernetes": Provider(world, faults) if in_memory else ObjectProvider(world, faults, infrastructure),
        "random": RandomProvider(world, faults),
    }
    for package, provider in providers.items():
        server = grpc.server(ThreadPoolExecutor(32))
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
        ports[package] = server.add_insecure_port("127.0.0.1:0")
        server.start()
        servers.append(server)

    def stop() -> None:
        for server in servers:
            server.stop(None)

    return Serving(ports, stop)


def silent(ports: Mapping[str, int], timeout: float = 10.0) -> list[str]:
    """The packages of which no simulated provider answers on its port within `timeout` seconds."""
    found: list[str] = []
    for package in PACKAGES:
        with grpc.insecure_channel(f"127.0.0.1:{ports.get(package, 0)}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            try:
                info = stub.GetPluginInfo(empty_pb2.Empty(), timeout=timeout, wait_for_ready=True)
            except grpc.RpcError:
                found.append(package)
                continue
            if info.version != VERSION:
                found.append(package)
    return found
