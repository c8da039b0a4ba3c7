"""What can be wrong with the namespace that the stack takes for itself."""

from settings.diagnostics import Text, error
from settings.translation import tr


@error(
    meaning=tr(
        "The namespace is one of Kubernetes itself, or of a controller that the stack works with; the "
        "stack would close it to what runs there and delete it with itself."
    ),
    example="namespace: kube-system",
    fix=tr("Remove the key, or name a namespace of its own."),
    source="Kubernetes documentation, concepts, namespaces (kube- is reserved); catalog/data/charts.yaml",
    forceable=False,
    rules=("NAMESPACE_NOT_OWN",),
)
def namespace_of_others(*, namespace: str, system: str) -> Text:
    """`system` is how the namespaces of Kubernetes itself begin."""
    return Text(
        message=tr(
            "{namespace} is not the stack's: it would cut off what runs there, and delete it with the stack.",
            namespace=namespace,
        ),
        remedy=tr("Remove the key, or name a namespace of its own."),
        given=namespace,
        allowed=tr("a name that does not begin with {system} and is no controller's", system=system),
        fix=(("", None),),
    )


@error(
    meaning=tr(
        "The stack would take the namespace `default`, where other things may lie, close it to the "
        "network and delete it with itself."
    ),
    example="namespace: default",
    fix=tr("Name a namespace of its own. Force the code on a cluster that nobody else uses."),
    source="Kubernetes documentation, concepts, namespaces",
    rules=("NAMESPACE_NOT_OWN",),
)
def namespace_default(*, namespace: str) -> Text:
    return Text(
        message=tr(
            "Whatever names no namespace is in `default`: the stack would cut it off from the network, and "
            "delete it with itself."
        ),
        remedy=tr("Remove the key, or name a namespace of its own."),
        given=namespace,
        fix=(("", None),),
    )
