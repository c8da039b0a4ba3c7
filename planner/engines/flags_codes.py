"""What can be wrong with the name of an argument, for the release of an image."""

from collections.abc import Sequence

from settings.diagnostics import Text, error
from settings.translation import tr


@error(
    meaning=tr(
        "The image's release has no such argument: it is misspelt, was added later, or has been removed. "
        "A warning where the image's release is not recorded, and those before and after it do not "
        "agree."
    ),
    example='models: {chat: {model: Qwen/Qwen3-8B, extraArgs: [--max-num-seqz, "64"]}}',
    fix=tr("Use the name that is given, or take it out."),
    source="catalog/data/arguments (recorded from each release's own parser)",
)
def flag_unknown_to_image(
    *,
    written: str,
    given: str,
    release: str,
    had: str,
    near: str,
    instead: str,
    mended: Sequence[str] | None,
    sure: bool,
) -> Text:
    """`had`: another release that has it, "" where none is known; `near`: what was probably meant; `instead`: what to
    do since it is gone; `sure`: the image's own release has none."""
    elsewhere = tr(" ({had} has it)", had=had) if had else ""
    remedy = (
        tr("Did you mean {near}? Else take it out.", near=near)
        if near
        else tr("Take it out, or use an image that knows it.")
    )
    return Text(
        message=tr(
            "{release} has no argument {written}{elsewhere} and would refuse to start.",
            release=release,
            written=written,
            elsewhere=elsewhere,
        ),
        remedy=instead or remedy,
        given=given,
        allowed=near,
        fix=(("", mended),),
        severity="error" if sure else "warning",
    )
