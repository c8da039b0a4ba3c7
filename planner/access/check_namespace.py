"""Whether the namespace is free to be closed to everyone else."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.access import namespace_codes as codes
from planner.access.namespaces import DEFAULT, SYSTEM, is_of_others
from settings.diagnostics import Diagnostic
from settings.stack import Settings


def check_namespace(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """Whether the namespace may be the stack's: it closes it to everyone, and deletes it with all that is in it."""
    name = settings.namespace_name()
    if is_of_others(name, catalog):
        yield codes.namespace_of_others("namespace", namespace=name, system=SYSTEM)
    elif name == DEFAULT:
        yield codes.namespace_default("namespace", namespace=name)
