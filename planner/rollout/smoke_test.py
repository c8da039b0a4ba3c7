"""What is asked of a stack as soon as it is up, and what must be refused there.

A first `pulumi up` comes before DNS, and a pod may not reach the load balancer that it lies behind: the way in is
asked at the Service of the gateway's proxies. An Ingress' load balancer lies outside the cluster, and a Gateway that is
not ours anywhere: `tke-llm smoke` asks these from the user's machine.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from planner.access.decide import PAGE
from planner.engines.registry import find
from planner.page.decide import PORT
from planner.plan.access import ApiPlan, ExposurePlan, FromRange, PolicyPlan
from planner.plan.rollout import AskedApi, AskedModel, AskedPage, ForbiddenConnection, SmokeTestPlan
from planner.plan.types import ModelPlan, PoolPlan, Reason, WebuiPlan
from settings.stack import Settings
from settings.translation import tr

CPU_NODES = tr("the CPU nodes")

ANSWER_SECONDS = 180
"""For the first answer of a server that is ready; one without a key (Ollama) may load its weights upon the first
question."""
PAGE_SECONDS = 120
API_SECONDS = 60
"""For each answer at the API of all models; by then each of them has answered at its own address, but for those that
have no replica while nobody asks."""
MARGIN_SECONDS = 120
START_SECONDS = 900
"""For the image, where the pod comes to a node that does not have it."""

ADMIN_VARIABLE = "WEBUI_ADMIN_PASSWORD"
"""Variable of the Job that holds the administrator's password."""
API_VARIABLE = "API_KEY"
"""Variable of the Job that holds its key for the API of all models."""
_API_STEPS = 4
"""That its name leads somewhere, that it is closed to strangers, that it lists all models, and its public host."""

_OFF = {"false", "0"}


def plan_smoke_test(
    settings: Settings,
    *,
    models: Mapping[str, ModelPlan],
    pools: Mapping[str, PoolPlan],
    webui: WebuiPlan | None,
    exposure: ExposurePlan | None,
    policies: PolicyPlan | None,
    api: ApiPlan | None,
) -> SmokeTestPlan | None:
    """What to ask once models run; None where there is nothing to ask, or no image of the stack holds Python."""
    image = _image(models, webui)
    if not models or image is None:
        return None
    # One API for all models asks for its clients' keys, not for the engines'.
    public = {} if exposure is None or api is not None else dict(exposure.api_urls)
    asked = tuple(
        AskedModel(
            name=model.name,
            served_name=model.served_name,
            url=f"http://{model.name}:{model.spec.port}/v1",
            keyed=model.spec.api_key_env is not None,
            patience_seconds=ANSWER_SECONDS if model.spec.api_key_env is not None else model.startup_seconds,
            public_url=public.get(model.name),
            task=model.task,
        )
        for model in models.values()
        # At its own address one that has no replica would stay silent; at the API it comes.
        if model.min_replicas
    )
    page = None if webui is None else page_asked(webui, exposure)
    at_api = None if api is None else _api_asked(api, models, exposure)
    limit = sum(each.patience_seconds for each in asked) + (PAGE_SECONDS if page else 0) + MARGIN_SECONDS
    limit += 0 if at_api is None else sum(each.patience_seconds for each in at_api.models) + API_SECONDS * _API_STEPS
    return SmokeTestPlan(
        image=image,
        models=asked,
        page=page,
        gateway=None if exposure is None else exposure.proxies,
        pending=None if exposure is None else _pending(exposure),
        forbidden=() if policies is None else _forbidden(settings, models, pools, webui, policies),
        limit_seconds=limit,
        deadline_seconds=limit + START_SECONDS,
        subject=_subject(models, webui, exposure, policies, api),
        api=at_api,
    )


def key_variables(plan: SmokeTestPlan) -> dict[str, str]:
    """The environment variable of each API key, by model. Names of models are no names of variables."""
    return {model.name: f"API_KEY_{place}" for place, model in enumerate(plan.models) if model.keyed}


def questions(plan: SmokeTestPlan, *, owner: str, alone: bool) -> dict[str, Any]:
    """What the script reads as SMOKE_TEST (its `read_request`): everything but the forbidden connections. `owner` marks
    the accounts that it makes; `alone`: no other run of this owner is under way."""
    keys, page = key_variables(plan), plan.page
    gateway = {"address": plan.gateway, "pending": plan.pending}
    others = [{**_asked(model, keys), "task": model.task} for model in plan.models if not model.chats]
    return {
        "owner": owner,
        "alone": alone,
        "limit": plan.limit_seconds,
        "models": [_asked(model, keys) for model in plan.models if model.chats],
        "page": page
        and {
            "url": page.url,
            "email": page.email,
            "password": ADMIN_VARIABLE if page.by_password else None,
            "patience": page.patience_seconds,
            "chats": page.chats,
            "public": page.public_url,
        },
        "gateway": None if plan.gateway is None else gateway,
        "forbidden": [],
        **({"pooling": others} if others else {}),
        **({} if plan.api is None else {"api": _at_api(plan.api)}),
    }


def _at_api(asked: AskedApi) -> dict[str, Any]:
    return {
        "url": asked.url,
        "public": asked.public_url,
        "key": API_VARIABLE,
        "patience": asked.patience_seconds,
        "models": [
            {
                "name": each.name,
                "task": each.task,
                **({} if each.patience_seconds == asked.patience_seconds else {"patience": each.patience_seconds}),
            }
            for each in asked.models
        ],
    }


def _asked(model: AskedModel, keys: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": model.name,
        "model": model.served_name,
        "url": model.url,
        "key": keys.get(model.name),
        "patience": model.patience_seconds,
        "public": model.public_url,
    }


def attempts(plan: SmokeTestPlan, *, owner: str) -> dict[str, Any]:
    """What the script reads as SMOKE_TEST where it tries the forbidden connections and nothing else."""
    tried = [
        {"host": each.host, "port": each.port, "place": each.place, "promised": each.promised}
        for each in plan.forbidden
    ]
    nothing = {"models": [], "page": None, "gateway": None}
    return {"owner": owner, "alone": True, "limit": plan.limit_seconds, **nothing, "forbidden": tried}


def explain_smoke_test(settings: Settings, planned: SmokeTestPlan | None) -> list[Reason]:
    """Why nothing is asked after the rollout, where that is so."""
    if planned is not None:
        return []
    if not settings.smoke_test:
        return [Reason("smokeTest", "off", tr("asked for; `tke-llm smoke` asks from your machine"))]
    if settings.pause:
        return [Reason("smokeTest", "off", tr("nothing answers while the stack is paused"))]
    return [
        Reason("smokeTest", "off", tr("no image of the stack holds Python; `tke-llm smoke` asks from your machine"))
    ]


def _subject(
    models: Mapping[str, ModelPlan],
    webui: WebuiPlan | None,
    exposure: ExposurePlan | None,
    policies: PolicyPlan | None,
    api: ApiPlan | None,
) -> str:
    """Of a model its pods and files count; how many there are, and how they came, changes no answer. Nor does what a
    field of the plan is called: values alone count."""
    served = [
        (name, astuple(model.spec), model.served_name, model.pool, model.download.directory, model.key_version)
        for name, model in models.items()
    ]
    around = [None if each is None else astuple(each) for each in (webui, exposure, policies)]
    around += [] if api is None else [astuple(api)]
    return hashlib.sha256(repr((served, around)).encode()).hexdigest()[:16]


def _image(models: Mapping[str, ModelPlan], webui: WebuiPlan | None) -> str | None:
    """An image that the CPU nodes hold already: the page's, else that of a download, if it has Python."""
    if webui is not None:
        return webui.image
    return next((model.download.image for model in models.values() if find(model.engine).python), None)


def page_asked(webui: WebuiPlan, exposure: ExposurePlan | None) -> AskedPage:
    """How the page is asked. Variables: Open WebUI 0.12.4, config.py (ENABLE_PASSWORD_AUTH) and env.py (the others)."""
    env = dict(webui.env)
    by_password = env.get("ENABLE_PASSWORD_AUTH", "true").lower() not in _OFF
    return AskedPage(
        url=f"http://{PAGE}:{PORT}",
        email=webui.admin_email,
        by_password=by_password and "WEBUI_AUTH_TRUSTED_EMAIL_HEADER" not in env,
        chats=env.get("BYPASS_MODEL_ACCESS_CONTROL", "false").lower() == "true",
        patience_seconds=PAGE_SECONDS,
        public_url=None if exposure is None else exposure.chat_url,
    )


def _api_asked(api: ApiPlan, models: Mapping[str, ModelPlan], exposure: ExposurePlan | None) -> AskedApi:
    """How the API of all models is asked."""
    asked = (
        AskedModel(
            each.name,
            each.name,
            api.url,
            keyed=True,
            patience_seconds=api_patience(served),
            task=served.task,
        )
        for each in api.models
        if (served := models[each.model])
    )
    public = None if api.host is None or exposure is None else f"{exposure.scheme}://{api.host}/v1"
    return AskedApi(api.url, public, tuple(asked), API_SECONDS)


def api_patience(model: ModelPlan) -> int:
    """Seconds for an answer at the API of all models: where there is no replica while nobody asks, one has to come."""
    return API_SECONDS if model.min_replicas else model.progress_deadline_seconds


def _pending(exposure: ExposurePlan) -> str | None:
    """What HTTPS waits for that is not the stack's to make."""
    if exposure.scheme != "https" or exposure.tls_secret is None:
        return None
    if exposure.issuer is not None:
        return tr("HTTPS answers when {issuer} has issued the certificate", issuer=exposure.issuer)
    return tr("HTTPS answers when the Secret {tls_secret} holds a certificate", tls_secret=exposure.tls_secret)


def _forbidden(
    settings: Settings,
    models: Mapping[str, ModelPlan],
    pools: Mapping[str, PoolPlan],
    webui: WebuiPlan | None,
    policies: PolicyPlan,
) -> tuple[ForbiddenConnection, ...]:
    """A connection to each model from a pod that it does not admit, which the model's own node must refuse, and one
    that the CPU nodes must: the pod that tries is on one of them, as the page is.

    A load balancer outside the cluster is let in by its address range, in which pods may have theirs, so that a model
    may admit the pod that tries: there the pod itself may not go to it, which again is for the CPU nodes to refuse.
    """
    ours = settings.owns_cluster() and settings.network_policy.addon
    ranged = any(isinstance(source, FromRange) for source in policies.sources)
    found = [
        ForbiddenConnection(
            host=model.name,
            port=model.spec.port,
            place=tr("pool {pool}", pool=model.pool),
            promised=ours and pools[model.pool].kind != "super",
            model=model.name,
        )
        for model in models.values()
        if model.pool in pools and not model.spec.on_host and not (ranged and model.spec.api_key_env is not None)
        # Where there is no pod, a connection fails whoever tries.
        if model.min_replicas
    ]
    port = next((model.spec.port for model in models.values()), PORT)
    host, port = (PAGE, PORT) if webui is not None else (next(iter(models)), port)
    if webui is not None or not found:
        found.append(ForbiddenConnection(host=host, port=port, place=CPU_NODES, promised=ours))
    return tuple(found)
