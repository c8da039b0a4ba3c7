"""How large an image is once it is unpacked."""

from catalog.load import Catalog
from planner.images.reference import split


def image_gib(reference: str, engine: str, catalog: Catalog) -> float:
    """Unpacked GiB of an engine's image, whatever its mirror; the engine's largest for one that is not catalogued."""
    given = split(reference)
    known = [image for image in catalog.images if image.engine == engine]
    exact = [each for each in known if each.repository.endswith(f"/{given.name}") and given.tag.startswith(each.tag)]
    return max((image.size_gib or 0 for image in exact), default=0) or largest_gib(engine, catalog)


def largest_gib(engine: str, catalog: Catalog) -> float:
    """Unpacked GiB of the largest image that the catalogue has of an engine; one of unknown size counts nothing."""
    return max((image.size_gib or 0 for image in catalog.images if image.engine == engine), default=0)


def page_gib(reference: str | None, catalog: Catalog) -> float:
    """Unpacked GiB of the chat page's image, as it is called before any mirror; 0 for one that is not catalogued."""
    return next((image.size_gib or 0 for image in catalog.images if image.name == reference), 0)
