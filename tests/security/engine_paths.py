"""Every path at which a pinned release of an engine may answer, as its own code says (catalog/data/arguments)."""

import re

from catalog.load import load

BESIDE = ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")
"""What FastAPI serves by itself (fastapi.FastAPI, docs_url, redoc_url, openapi_url), vLLM's and SGLang's framework."""
_VARYING = re.compile(r"\{[^}]*\}|:\w+")


def every_path() -> tuple[str, ...]:
    """Those of all pinned releases together, with a word for what varies."""
    catalog = load()
    releases = (catalog.release(image) for image in catalog.images if image.engine is not None)
    paths = {path for release in releases if release is not None for path in release.paths}
    return tuple(sorted({_VARYING.sub("some", path) for path in (*paths, *BESIDE)}))
