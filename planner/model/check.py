"""What models, secrets, prices and tags say about other parts of the stack file."""

from collections.abc import Iterator

from catalog.load import Catalog
from catalog.names import machine_meant
from planner.engines.registry import key_variables
from planner.model import codes
from settings.diagnostics import Diagnostic
from settings.paths import join
from settings.secrecy import SECRET_VARIABLES
from settings.stack import Settings
from settings.suggest import closest
from settings.translation import tr

RESERVED_TAGS = ("project", "qcloud", "tencent")
"""Beginnings of tag keys that Tencent Cloud keeps for itself (vendor 651/13354)."""
TAG_KEY, TAG_VALUE = 127, 255
"""Longest key and value of a tag (vendor 651/13354)."""


def check_references(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What names something that is not there, or lies where it must not."""
    yield from _pools(settings)
    yield from _secrets(settings)
    yield from _variables(settings)
    yield from _prices(settings, catalog)
    yield from _tags(settings)


def _pools(settings: Settings) -> Iterator[Diagnostic]:
    names = list(settings.pools)
    for name, model in settings.models.items():
        path = f"models.{name}.pool"
        if model.pool is None and len(names) > 1:
            yield codes.pool_not_named(path, model=name, path=path, pools=names)
        elif model.pool is not None and model.pool not in names:
            near = closest(model.pool, names) or (names[0] if len(names) == 1 else None)
            yield codes.unknown_pool(path, pool=model.pool, near=near, pools=names)


def _secrets(settings: Settings) -> Iterator[Diagnostic]:
    for secret in sorted(settings.secrets):
        key, _, model = secret.partition(".")
        if key == "apiKeys" and model and model not in settings.models:
            near = closest(model, settings.models)
            yield codes.api_key_without_model(f"apiKeys.{model}", model=model, near=near, models=settings.models)
    if "kubeconfig" in settings.secrets and settings.owns_cluster():
        why = tr("the cluster is made by this stack")
        yield codes.secret_unused("kubeconfig", secret="kubeconfig", why=why, where="cluster.existing")  # noqa: S106
    if "oidcClientSecret" in settings.secrets and settings.webui.oidc is None:
        why = tr("no single sign-on is set up")
        yield codes.secret_unused("oidcClientSecret", secret="oidcClientSecret", why=why, where="webui.oidc")  # noqa: S106
    if settings.webui.enabled and settings.webui.oidc and "oidcClientSecret" not in settings.secrets:
        yield codes.oidc_without_secret("webui.oidc")


def _variables(settings: Settings) -> Iterator[Diagnostic]:
    places: list[tuple[tuple[str, ...], dict[str, str]]] = [
        (("models", name, "env"), model.env) for name, model in settings.models.items()
    ]
    places.append((("webui", "env"), settings.webui.env))
    for place, variables in places:
        for variable in variables:
            if variable in SECRET_VARIABLES or variable in key_variables():
                path = join((*place, variable))
                yield codes.secret_in_env(path, variable=variable, secret=SECRET_VARIABLES.get(variable, "apiKeys"))


def _prices(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    used = {pool.instance_type or pool.gpu_type for pool in settings.pools.values()}
    used.add(settings.cluster.system_pool.instance_type)
    for machine, price in settings.prices.items():
        if machine not in catalog.machines and machine not in catalog.super_gpus and machine not in used:
            unpriced = [name for name in filter(None, used) if name not in settings.prices]
            near = machine_meant(machine, unpriced) or machine_meant(machine, catalog.machines)
            yield codes.price_of_unknown_machine(
                join(("prices", machine)),
                machine=machine,
                price=price,
                near=near if near not in settings.prices else None,
                near_path=join(("prices", near or "")),
            )


def _tags(settings: Settings) -> Iterator[Diagnostic]:
    for key, value in settings.tags.items():
        reserved = key.lower().startswith(RESERVED_TAGS)
        if reserved or not 1 <= len(key) <= TAG_KEY or len(value) > TAG_VALUE:
            yield codes.tag_not_allowed(
                join(("tags", key)),
                key=key,
                value=value,
                reserved=RESERVED_TAGS,
                longest_key=TAG_KEY,
                longest_value=TAG_VALUE,
            )
