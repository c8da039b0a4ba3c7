"""What can be wrong with the ways by which nodes on the mainland reach images."""

from settings.diagnostics import Text, error, warning
from settings.translation import tr


@error(
    meaning=tr("The image's registry is blocked on the mainland, and no mirror of it is known."),
    example="models: {chat: {image: registry.k8s.io/some/engine:v1}}   # in ap-guangzhou",
    fix=tr("Set images.mirrors for the registry, or copy the image to a registry of your own."),
    source="catalog/data/mirrors.yaml",
)
def image_no_road(*, registry: str, image: str) -> Text:
    return Text(
        message=tr("{registry} cannot be reached from the mainland, and no mirror of it is known.", registry=registry),
        remedy=tr(
            "Set images.mirrors for {registry}, or copy the image to a registry of your own and name it there.",
            registry=registry,
        ),
        given=image,
        allowed=tr("an image whose registry has a mirror"),
    )


@warning(
    meaning=tr("Nobody knows whether nodes on the mainland reach the image's registry."),
    example="webui: {image: ghcr.io/open-webui/open-webui:v0.12.4}   # in ap-guangzhou",
    fix=tr("Set images.mirrors for the registry, or copy the image to a registry of your own."),
    source="catalog/data/mirrors.yaml",
)
def image_road_unknown(*, registry: str, image: str) -> Text:
    return Text(
        message=tr(
            "Nobody knows whether nodes on the mainland reach {registry}, and no mirror of it is known.",
            registry=registry,
        ),
        remedy=tr(
            "Set images.mirrors for {registry}, or copy the image to a registry of your own and name it there.",
            registry=registry,
        ),
        given=image,
        allowed=tr("an image whose registry has a mirror"),
    )
