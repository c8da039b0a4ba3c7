"""What models, secrets, prices and tags say about other parts of the stack file."""

from collections.abc import Iterator

from catalog.load import Catalog
from settings.diagnostics import Diagnostic
from settings.models import Settings
from settings.paths import join
from settings.suggest import closest

SECRET_VARIABLES = {
    "DATABASE_URL": "databaseUrl",
    "WEBUI_ADMIN_PASSWORD": "webuiAdminPassword",
    "OAUTH_CLIENT_SECRET": "oidcClientSecret",
    "HF_TOKEN": "hfToken",
    "HUGGING_FACE_HUB_TOKEN": "hfToken",
    "OPENAI_API_KEY": "apiKeys",
    "OPENAI_API_KEYS": "apiKeys",
    "VLLM_API_KEY": "apiKeys",
    "WEBUI_SECRET_KEY": "",
}
"""Environment variables that carry a secret, and the top-level key that it belongs in ("" where it is generated)."""

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
            yield Diagnostic(
                severity="error",
                code="POOL_NOT_NAMED",
                path=path,
                message=f"There are {len(names)} pools, and model {name} does not say which it runs on.",
                remedy=f"Set {path} to one of {', '.join(names)}.",
                allowed=", ".join(names),
                fix=((path, names[0]),),
            )
        elif model.pool is not None and model.pool not in names:
            near = closest(model.pool, names) or names[0]
            yield Diagnostic(
                severity="error",
                code="UNKNOWN_POOL",
                path=path,
                message=f"There is no pool called {model.pool}.",
                remedy=f"Use {near}, or define pools.{model.pool}.",
                given=model.pool,
                allowed=", ".join(names),
                fix=((path, near),),
            )


def _secrets(settings: Settings) -> Iterator[Diagnostic]:
    for secret in sorted(settings.secrets):
        key, _, model = secret.partition(".")
        if key == "apiKeys" and model and model not in settings.models:
            near = closest(model, settings.models)
            yield Diagnostic(
                severity="error",
                code="API_KEY_WITHOUT_MODEL",
                path=f"apiKeys.{model}",
                message=f"There is an API key for {model}, but no model of that name.",
                remedy=f"Name it {near}." if near else "Remove the key, or name it after a model.",
                given=model,
                allowed=", ".join(settings.models),
            )
    if "kubeconfig" in settings.secrets and settings.owns_cluster():
        yield _unused("kubeconfig", "the cluster is made by this stack", "cluster.existing")
    if "oidcClientSecret" in settings.secrets and settings.webui.oidc is None:
        yield _unused("oidcClientSecret", "no single sign-on is set up", "webui.oidc")
    if settings.webui.enabled and settings.webui.oidc and "oidcClientSecret" not in settings.secrets:
        yield Diagnostic(
            severity="error",
            code="OIDC_WITHOUT_SECRET",
            path="webui.oidc",
            message="Single sign-on needs the client secret, which is not set.",
            remedy="Run `pulumi config set --secret tke-llm:oidcClientSecret`.",
            fix=(("webui.oidc", None),),
        )


def _unused(secret: str, why: str, where: str) -> Diagnostic:
    return Diagnostic(
        severity="warning",
        code="SECRET_UNUSED",
        path=secret,
        message=f"The secret {secret} is set, but {why}.",
        remedy=f"Set {where}, or run `pulumi config rm tke-llm:{secret}`.",
    )


def _variables(settings: Settings) -> Iterator[Diagnostic]:
    places: list[tuple[tuple[str, ...], dict[str, str]]] = [
        (("models", name, "env"), model.env) for name, model in settings.models.items()
    ]
    places.append((("webui", "env"), settings.webui.env))
    for place, variables in places:
        for variable in variables:
            if variable in SECRET_VARIABLES:
                secret = SECRET_VARIABLES[variable]
                path = join((*place, variable))
                yield Diagnostic(
                    severity="error",
                    code="SECRET_IN_ENV",
                    path=path,
                    message=f"{variable} carries a secret, and env is kept in clear.",
                    remedy=f"Remove it and run `pulumi config set --secret tke-llm:{secret}`."
                    if secret
                    else "Remove it: one is generated and kept sealed.",
                    allowed=f"the secret tke-llm:{secret}" if secret else "",
                    fix=((path, None),),
                )


def _prices(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    used = {pool.instance_type or pool.gpu_type for pool in settings.pools.values()}
    used.add(settings.cluster.system_pool.instance_type)
    for machine in settings.prices:
        if machine not in catalog.machines and machine not in catalog.super_gpus and machine not in used:
            near = closest(machine, [*catalog.machines, *catalog.super_gpus])
            path = join(("prices", machine))
            yield Diagnostic(
                severity="warning",
                code="PRICE_OF_UNKNOWN_MACHINE",
                path=path,
                message=f"There is a price of {machine}, which no pool uses and the catalogue does not know.",
                remedy=f"Use {near}." if near else "Remove it.",
                given=machine,
                fix=((path, None),),
            )


def _tags(settings: Settings) -> Iterator[Diagnostic]:
    for key, value in settings.tags.items():
        reserved = key.lower().startswith(RESERVED_TAGS)
        path = join(("tags", key))
        if reserved or not 1 <= len(key) <= TAG_KEY or len(value) > TAG_VALUE:
            yield Diagnostic(
                severity="error",
                code="TAG_NOT_ALLOWED",
                path=path,
                message="Tencent Cloud keeps keys that begin so for itself." if reserved else "The tag is too long.",
                remedy="Use another key." if reserved else "Shorten it.",
                given=f"{key}: {value}" if reserved else f"{len(key)} and {len(value)} characters",
                allowed=f"at most {TAG_KEY} characters in the key, {TAG_VALUE} in the value; not {RESERVED_TAGS}",
                fix=((path, None),),
            )
