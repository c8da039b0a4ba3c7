"""The chat page in several copies: its Redis, and what copies do not share.

Variables: Open WebUI's documentation, advanced-topics/scaling and tutorials/integrations/redis.
"""

from catalog.load import Catalog
from planner.images.mirrors import resolve
from planner.plan.software import RedisPlan
from settings.stack import Settings

NAME = "webui-redis"
"""The Service and Deployment of the Redis that is made."""
PORT = 6379

CPU_MILLIS, MEMORY_MIB, DATA_MIB = 100, 256, 128
"""It holds who is connected and which answers are being written, kilobytes for each; the rest of the memory is for
the copy that Redis makes of its buffers."""


def redis_image(catalog: Catalog) -> str | None:
    """The catalogue's Redis before any mirror."""
    image = next((image for image in catalog.images if image.role == "redis"), None)
    return image.name if image else None


def plan_redis(settings: Settings, catalog: Catalog) -> RedisPlan | None:
    """The Redis to make: where there are several copies of the page and none is named."""
    if not settings.webui.enabled or settings.webui.replicas < 2 or settings.webui.redis is not None:
        return None
    return redis_plan(settings, catalog)


def redis_plan(settings: Settings, catalog: Catalog) -> RedisPlan | None:
    """A Redis for what may be lost: states of the page, counters of the API. None where the catalogue has no image."""
    image = redis_image(catalog)
    if image is None:
        return None
    return RedisPlan(resolve(image, settings, catalog), CPU_MILLIS, MEMORY_MIB, DATA_MIB)


def redis_environment(settings: Settings) -> dict[str, str]:
    """The plain variables. The address of a Redis of ours holds its password and is a secret."""
    webui = settings.webui
    if webui.redis is None and webui.replicas < 2:
        return {}
    address = {} if webui.redis is None else {"REDIS_URL": webui.redis, "WEBSOCKET_REDIS_URL": webui.redis}
    return {"ENABLE_WEBSOCKET_SUPPORT": "True", "WEBSOCKET_MANAGER": "redis", **address}
