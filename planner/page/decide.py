"""The chat page: Open WebUI's image, size and environment.

Names and meanings of the variables: Open WebUI's own documentation, reference/env-configuration.
"""

import json
from collections.abc import Mapping

from catalog.load import Catalog
from planner.engines.registry import find
from planner.images.mirrors import resolve
from planner.page.replicas import plan_redis, redis_environment
from planner.page.variables import is_owned, sealed_names
from planner.plan.server import GIB, Scratch
from planner.plan.types import ModelPlan, Reason, WebuiPlan
from settings.quantity import mebibytes
from settings.stack import Settings
from settings.translation import joined, tr

PORT = 8080
DATA_DIR = "/app/backend/data"
"""Where the volume is mounted."""
HOME = "/home/webui"
"""A home that a user without rights may write to; a scratch volume is mounted there."""
STATIC_DIR = "/app/static"
"""Where icons and the like are copied to at start, on a scratch volume too: the place in the image belongs to root
(open-webui issue 26662)."""
SCRATCH = (
    Scratch("home", HOME, size_mib=GIB // 2),
    Scratch("static", STATIC_DIR, size_mib=GIB // 2),
    Scratch("tmp", "/tmp", size_mib=GIB),  # noqa: S108  a folder of the pod's own
)
"""What the page writes beside its data: caches of libraries, its icons, uploads while they are received."""
DATA = Scratch("data", DATA_DIR, size_mib=10 * GIB)
"""The page's data where the database holds what must outlive the pod: uploads and their index."""

HEALTH = "/health"
"""Answers as soon as the process listens."""

CPU_MILLIS = 500


def webui_image(settings: Settings, catalog: Catalog) -> str | None:
    """The page's image before any mirror; None where neither stack file nor catalogue has one."""
    if settings.webui.image is not None:
        return settings.webui.image
    candidates = [image for image in catalog.images if image.role == "webui"]
    chosen = next((image for image in candidates if image.default), next(iter(candidates), None))
    return chosen.name if chosen else None


def _ready(image: str, catalog: Catalog) -> str:
    """The path by which the page says that it can answer; of an image of one's own only `/health` is known."""
    ready = {known.name: known.ready for known in catalog.images}
    return ready.get(image) or HEALTH


def offered(models: Mapping[str, ModelPlan]) -> dict[str, ModelPlan]:
    """The models that the page lists: those that chat. What it lists it also takes for something to talk to."""
    return {name: model for name, model in models.items() if model.task == "chat"}


def plan_webui(settings: Settings, models: Mapping[str, ModelPlan], catalog: Catalog) -> WebuiPlan | None:
    """Decide the chat page in front of `models`; None where there is none."""
    webui = settings.webui
    image = webui_image(settings, catalog)
    if not webui.enabled or image is None:
        return None
    shared = "databaseUrl" in settings.secrets
    return WebuiPlan(
        image=resolve(image, settings, catalog),
        replicas=webui.replicas,
        cpu_millis=CPU_MILLIS,
        memory_mib=mebibytes(webui.memory),
        env=environment(settings, models, catalog),
        sealed_env=sealed_names(settings.secrets),
        strategy="RollingUpdate" if shared and webui.replicas > 1 else "Recreate",
        database=shared,
        redis=plan_redis(settings, catalog),
        login=webui.oidc is not None,
        ready=_ready(image, catalog),
        priority_class=webui.priority_class,
    )


def environment(settings: Settings, models: Mapping[str, ModelPlan], catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """The plain variables, in order. Back-ends, keys and other secrets are the component's to add."""
    webui = settings.webui
    offering = [model for name, model in settings.models.items() if name not in models or name in offered(models)]
    # One API for all models speaks OpenAI's protocol, whatever stands behind it.
    keyed = [settings.api.via == "gateway" or find(model.engine).keyed for model in offering]
    variables = {
        "DATA_DIR": DATA_DIR,
        "STATIC_DIR": STATIC_DIR,
        "HOME": HOME,
        "PORT": str(PORT),
        "WEBUI_AUTH": "True",
        "WEBUI_ADMIN_EMAIL": webui.admin_email,
        "ENABLE_SIGNUP": str(webui.sign_up),
        "DEFAULT_USER_ROLE": "pending",
        "ENABLE_PERSISTENT_CONFIG": str(webui.persistent_config),
        "ENABLE_OPENAI_API": str(any(keyed)),
        "ENABLE_OLLAMA_API": str(not all(keyed)),
        "DEFAULT_MODEL_PARAMS": json.dumps({"function_calling": function_calling(settings, models)[0]}),
        "BYPASS_MODEL_ACCESS_CONTROL": str(webui.model_access == "everyone"),
        "ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS": "False",
        "ANONYMIZED_TELEMETRY": "False",
        "DO_NOT_TRACK": "True",
        "SCARF_NO_ANALYTICS": "True",
        **_origin(settings),
        **_single_sign_on(settings),
        **redis_environment(settings),
    }
    if webui.name is not None:
        variables["WEBUI_NAME"] = webui.name
    if webui.offline:
        variables |= OFFLINE
    kept = {name: value for name, value in webui.env.items() if not is_owned(name, catalog)}
    return tuple((variables | kept).items())


def function_calling(settings: Settings, models: Mapping[str, ModelPlan]) -> tuple[str, str]:
    """How the page offers tools to the models, for all of them alike, and why.

    Open WebUI from 0.12 puts its own tools into every request unless told otherwise, so that an engine that takes none
    refuses the first message. With persistent configuration the value of the first start stays in the database
    (open_webui/models/config.py, seed_defaults), when a model of later may not take it.
    """
    asked = settings.webui.function_calling
    if asked != "auto":
        return asked, tr("set in the stack file")
    unable = [name for name, model in offered(models).items() if not model.spec.tool_calls]
    if unable:
        return "legacy", tr(
            "{unable} may refuse a request that offers tools, so they are put into the prompt", unable=joined(unable)
        )
    if settings.webui.persistent_config:
        return "legacy", tr("persistentConfig keeps the first start's value, which a model of later may refuse")
    return "native", tr("every model takes tools in a request")


OFFLINE = {
    "OFFLINE_MODE": "True",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "ENABLE_VERSION_UPDATE_CHECK": "False",
    "ENABLE_COMMUNITY_SHARING": "False",
    "RAG_EMBEDDING_ENGINE": "openai",
    "RAG_EMBEDDING_MODEL_AUTO_UPDATE": "False",
    "RAG_RERANKING_MODEL_AUTO_UPDATE": "False",
    "WHISPER_MODEL_AUTO_UPDATE": "False",
    "BYPASS_EMBEDDING_AND_RETRIEVAL": "True",
}
"""What keeps a start from reaching for a model hub.

The default embedding engine downloads a model at the first start, and offline it refuses to start (its documentation,
troubleshooting/startup); an external engine loads none. Bypassing retrieval puts a whole document before the model
instead, so that uploads work without any embedding.
"""


def _origin(settings: Settings) -> dict[str, str]:
    """Addresses that the browser may call from, and whether cookies travel over TLS only."""
    expose = settings.expose
    if expose.via == "port-forward" or expose.host is None:
        local = [f"http://{host}:{PORT}" for host in ("localhost", "127.0.0.1")]
        return {"WEBUI_URL": local[0], "CORS_ALLOW_ORIGIN": ";".join(local)}
    url = f"{expose.scheme()}://{expose.host}"
    secure = str(expose.tls is not None)
    return {
        "WEBUI_URL": url,
        "CORS_ALLOW_ORIGIN": url,
        "WEBUI_SESSION_COOKIE_SECURE": secure,
        "WEBUI_AUTH_COOKIE_SECURE": secure,
    }


def _single_sign_on(settings: Settings) -> dict[str, str]:
    """Login by OIDC. Accounts that exist already are not merged by e-mail address, which a provider may not verify."""
    oidc = settings.webui.oidc
    if oidc is None:
        return {}
    return {
        "ENABLE_OAUTH_SIGNUP": str(oidc.sign_up),
        "ENABLE_OAUTH_PERSISTENT_CONFIG": str(settings.webui.persistent_config),
        "OAUTH_MERGE_ACCOUNTS_BY_EMAIL": "False",
        "OAUTH_CLIENT_ID": oidc.client_id,
        "OAUTH_PROVIDER_NAME": oidc.provider_name,
        "OAUTH_SCOPES": oidc.scopes,
        "OPENID_PROVIDER_URL": oidc.provider_url,
        "OPENID_REDIRECT_URI": f"{_origin(settings)['WEBUI_URL']}/oauth/oidc/callback",
    }


def explain_webui(settings: Settings, models: Mapping[str, ModelPlan]) -> list[Reason]:
    """Why the chat page is set up as it is."""
    if not settings.webui.enabled:
        return []
    reasons = [Reason("webui.functionCalling", *function_calling(settings, models))]
    if settings.webui.offline:
        reasons.append(
            Reason("webui.offline", "True", tr("at start the page would download an embedding model otherwise"))
        )
    if not settings.webui.persistent_config:
        reasons.append(Reason("webui.persistentConfig", "False", tr("the stack file rules after every restart")))
    return reasons
