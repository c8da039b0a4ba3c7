"""What can be wrong with references to other parts of the stack file, with secrets, prices and tags."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error, warning
from settings.translation import joined, tr


@error(
    meaning=tr("A model names a pool that is not defined."),
    example="models: {chat: {pool: gpus}}",
    fix=tr("Use the name that is suggested, or define the pool."),
    source="planner/model/check.py",
    forceable=False,
)
def unknown_pool(*, pool: str, near: str | None, pools: Iterable[str]) -> Text:
    return Text(
        message=tr("There is no pool called {pool}.", pool=pool),
        remedy=tr("Use {near}, or define pools.{pool}.", near=near, pool=pool)
        if near
        else tr("Use one of the list, or define pools.{pool}.", pool=pool),
        given=pool,
        allowed=", ".join(pools),
        fix=(("", near),) if near else (),
    )


@error(
    meaning=tr("There are several pools, and a model does not say which it runs on."),
    example="models: {chat: {model: Qwen/Qwen3-8B}}   # with two pools",
    fix=tr("Set the model's pool."),
    source="planner/model/check.py",
    forceable=False,
)
def pool_not_named(*, model: str, path: str, pools: Sequence[str]) -> Text:
    return Text(
        message=tr(
            "There are {count} pools, and model {model} does not say which it runs on.", count=len(pools), model=model
        ),
        remedy=tr("Set {path} to one of {pools}.", path=path, pools=joined(pools)),
        allowed=", ".join(pools),
    )


@error(
    meaning=tr("There is an API key for a model that is not defined, so the key would protect nothing."),
    example="pulumi config set --secret --path tke-llm:apiKeys.chta …",
    fix=tr("Name it after a model, or remove it."),
    source="planner/model/check.py",
)
def api_key_without_model(*, model: str, near: str | None, models: Iterable[str]) -> Text:
    return Text(
        message=tr("There is an API key for {model}, but no model of that name.", model=model),
        remedy=tr("Name it {near}.", near=near) if near else tr("Remove the key, or name it after a model."),
        given=model,
        allowed=", ".join(models),
    )


@warning(
    meaning=tr("A secret is set that nothing uses."),
    example="pulumi config set --secret tke-llm:kubeconfig …   # without cluster.existing",
    fix=tr("Set what it belongs to, or remove it."),
    source="planner/model/check.py",
)
def secret_unused(*, secret: str, why: str, where: str) -> Text:
    """`where`: the setting that would make use of it."""
    return Text(
        message=tr("The secret {secret} is set, but {why}.", secret=secret, why=why),
        remedy=tr("Set {where}, or run `pulumi config rm tke-llm:{secret}`.", where=where, secret=secret),
    )


@error(
    meaning=tr("An environment variable that carries a secret is set in clear."),
    example="models: {chat: {env: {HF_TOKEN: hf_…}}}",
    fix=tr("Use the top-level secret that is named."),
    source="docs/security.md (no secret is written anywhere in clear)",
    forceable=False,
    rules=("SECRET_IN_CLEAR",),
)
def secret_in_env(*, variable: str, secret: str) -> Text:
    """`secret`: the top-level key that it belongs in, "" where it is generated."""
    return Text(
        message=tr("{variable} carries a secret, and env is kept in clear.", variable=variable),
        remedy=tr("Remove it and run `pulumi config set --secret tke-llm:{secret}`.", secret=secret)
        if secret
        else tr("Remove it: one is generated and kept sealed."),
        allowed=tr("the secret tke-llm:{secret}", secret=secret) if secret else "",
        fix=(("", None),),
    )


@error(
    meaning=tr("Single sign-on is set up without its client secret."),
    example="webui: {oidc: {providerUrl: https://id.example.com, clientId: chat}}",
    fix=tr("`pulumi config set --secret tke-llm:oidcClientSecret`"),
    source="Open WebUI documentation, OAUTH_CLIENT_SECRET",
)
def oidc_without_secret() -> Text:
    return Text(
        message=tr("Single sign-on needs the client secret, which is not set."),
        remedy=tr("Run `pulumi config set --secret tke-llm:oidcClientSecret`."),
    )


@warning(
    meaning=tr("A price is given of a machine that no pool uses and the catalogue does not know."),
    example="prices: {PNV4.7XLARGE117: 12}",
    fix=tr("Use the name that is suggested, or remove it."),
    source="catalog/data/machines.yaml",
)
def price_of_unknown_machine(*, machine: str, price: float, near: str | None, near_path: str) -> Text:
    """`near`, whose price would stand at `near_path`, has none yet."""
    return Text(
        message=tr(
            "There is a price of {machine}, which no pool uses and the catalogue does not know.", machine=machine
        ),
        remedy=tr("Use {near}.", near=near) if near else tr("Remove it."),
        given=machine,
        fix=(("", None), *(((near_path, price),) if near else ())),
    )


@error(
    meaning=tr("Tencent Cloud does not take this tag."),
    example="tags: {project: chat}",
    fix=tr("Use another key, or a shorter key or value."),
    source="Tencent Cloud document 651/13354",
)
def tag_not_allowed(*, key: str, value: str, reserved: Sequence[str], longest_key: int, longest_value: int) -> Text:
    """`reserved`: beginnings of keys that Tencent Cloud keeps for itself."""
    kept = key.lower().startswith(tuple(reserved))
    return Text(
        message=tr("Tencent Cloud keeps keys that begin so for itself.") if kept else tr("The tag is too long."),
        remedy=tr("Use another key, or remove it.") if kept else tr("Shorten it, or remove it."),
        given=f"{key}: {value}" if kept else tr("{key} and {value} characters", key=len(key), value=len(value)),
        allowed=tr(
            "at most {longest_key} characters in the key, {longest_value} in the value; no key that begins with "
            "{reserved}",
            longest_key=longest_key,
            longest_value=longest_value,
            reserved=joined(reserved, " or "),
        ),
        fix=(("", None),),
    )
