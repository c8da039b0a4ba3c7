"""What is doubtful about the closed namespace: what enforces its policies, what they keep out, and what is asked of
them that goes too far."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from urllib.parse import urlsplit

from catalog.load import Catalog
from planner.access import policies_codes as codes
from planner.access.decide import has_unknown_controller
from planner.access.policies import METADATA, holding_metadata
from planner.network.public_addresses import WIDEST, admits_strangers
from planner.plan.types import ModelPlan
from planner.software.addons import NETWORK_POLICY
from settings.diagnostics import Diagnostic
from settings.stack import Settings

INSIDE = (".svc", ".local", ".internal", ".lan")
"""Ends of host names that lead to private addresses as a rule."""


def check_policies(settings: Settings, models: Mapping[str, ModelPlan], catalog: Catalog) -> Iterator[Diagnostic]:
    """What is doubtful about the closed namespace."""
    asked, expose = settings.network_policy, settings.expose
    if not asked.enabled:
        yield codes.network_policy_off("networkPolicy")
        return
    yield from _enforcement(settings, catalog)
    yield from _exempt(settings, models)
    if not asked.admit and has_unknown_controller(expose):
        yield codes.ingress_controller_unknown("networkPolicy.admit", ingress_class=expose.ingress_class)
    yield from _downloads(settings)
    yield from _reach(asked.reach)


def _enforcement(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    if not settings.owns_cluster():
        yield codes.network_policy_unenforced("networkPolicy", owned=False)
    elif not settings.network_policy.addon:
        yield codes.network_policy_unenforced("networkPolicy.addon", owned=True)
    elif not catalog.addons[NETWORK_POLICY].verified:
        yield codes.addon_name_assumed("networkPolicy.addon", addon=NETWORK_POLICY)


def _exempt(settings: Settings, models: Mapping[str, ModelPlan]) -> Iterator[Diagnostic]:
    """Pods that are not kept in, whatever is enforced elsewhere."""
    for name in dict.fromkeys(settings.pool_of(model) for model in settings.models.values()):
        if name in settings.pools and settings.pools[name].kind == "super":
            yield codes.network_policy_not_on_super_nodes(f"pools.{name}.kind")
    for name, model in models.items():
        if model.spec.on_host:
            yield codes.network_policy_not_on_host(f"models.{name}.gpus")


def _downloads(settings: Settings) -> Iterator[Diagnostic]:
    for name, model in settings.models.items():
        endpoint = model.download.endpoint
        if endpoint is not None and _private(endpoint, settings.network_policy.reach):
            yield codes.download_endpoint_private(f"models.{name}.download.endpoint", endpoint=endpoint)


def _private(endpoint: str, reach: Sequence[IPv4Network]) -> bool:
    """Whether an address is private and not among those that may be reached. Of a name it is guessed, unless some
    range may be reached."""
    host = urlsplit(endpoint).hostname or ""
    try:
        address = IPv4Address(host)
    except AddressValueError:
        return not reach and ("." not in host or host.endswith(INSIDE))
    return address.is_private and not any(address in allowed for allowed in reach)


def _reach(reach: Sequence[IPv4Network]) -> Iterator[Diagnostic]:
    """What is asked for in `networkPolicy.reach` and goes too far."""
    for index, given in enumerate(reach):
        path, cidr = f"networkPolicy.reach[{index}]", str(given)
        if given in METADATA:
            yield codes.metadata_asked_for(path, cidr=cidr, address=str(given.network_address))
        elif admits_strangers([given]):
            yield codes.reach_too_wide(path, cidr=cidr, widest=WIDEST)
        elif closed := holding_metadata(cidr):
            yield codes.metadata_cut(path, cidr=cidr, closed=closed)
