"""What is wrong with the chat page: its image, memory, copies, and what it offers to the models."""

import re
from collections.abc import Iterator, Mapping

from catalog.load import Catalog
from planner.images import codes as image_codes
from planner.images.reference import is_floating
from planner.page import codes
from planner.page.check_variables import check_variables
from planner.page.decide import offered
from planner.plan.types import ModelPlan
from settings.diagnostics import Diagnostic
from settings.quantity import mebibytes
from settings.stack import Settings

LEAST_MEMORY_MIB = 2048
"""With the guide's 1 GiB the process is killed under load: SQLite alone may hold 64 MB for each open connection
(open-webui documentation, troubleshooting/performance)."""

_ADDRESS = re.compile(r"rediss?://[^\s/@]+(:\d+)?(/\d*)?")


def check_webui(settings: Settings, models: Mapping[str, ModelPlan], catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the chat page's own settings."""
    webui = settings.webui
    if not webui.enabled:
        return
    if webui.image is not None:
        yield from _tag(webui.image)
    yield from _copies(settings)
    if mebibytes(webui.memory) < LEAST_MEMORY_MIB:
        yield codes.webui_memory_low("webui.memory", memory=webui.memory, least_mib=LEAST_MEMORY_MIB)
    yield from check_variables(settings, catalog)
    if webui.function_calling == "native":
        for name, model in offered(models).items():
            if not model.spec.tool_calls:
                known = model.spec.tool_calls is False
                yield codes.tools_refused("webui.functionCalling", model=name, known=known)
    if models and not offered(models):
        yield codes.page_without_chat("webui.enabled", models=models)
    if webui.admin_email.endswith("@example.com"):
        yield codes.admin_email_default("webui.adminEmail", email=webui.admin_email)


def _copies(settings: Settings) -> Iterator[Diagnostic]:
    """What is wrong with several copies, or with a page whose data is in a database."""
    webui = settings.webui
    if webui.redis is not None and not _ADDRESS.fullmatch(webui.redis):
        yield codes.redis_address("webui.redis")
    if "databaseUrl" in settings.secrets and "STORAGE_PROVIDER" not in webui.env:
        yield codes.uploads_not_kept("webui")


def _tag(image: str) -> Iterator[Diagnostic]:
    if is_floating(image):
        yield image_codes.image_floating("webui.image", image=image, pinned=None)
