"""What can be wrong with `force`, by which a stack file overrides errors."""

from settings.diagnostics import Text, error, note
from settings.translation import tr


@error(
    meaning=tr("A code is forced that does not exist."),
    example="force: [CIDR_OVERLAPS]",
    fix=tr("Use the code that is suggested, or remove it."),
    source="docs/diagnostics.md",
    forceable=False,
)
def unknown_code(*, name: str, near: str | None) -> Text:
    return Text(
        message=tr("There is no diagnostic code {name}.", name=name),
        remedy=tr("Use {near}, or remove it.", near=near) if near else tr("Remove it."),
        given=name,
        allowed=tr("a code of docs/diagnostics.md"),
        fix=(("", near),),
    )


@error(
    meaning=tr("A code is forced that cannot be overridden, or forcing it leaves a part of the plan undecided."),
    example="force: [UNKNOWN_POOL]",
    fix=tr("Remove it, and mend the error itself."),
    source="planner/diagnostics/force.py",
    forceable=False,
)
def cannot_force(*, name: str | None = None, part: str = "") -> Text:
    """`name` is the code that cannot be forced; None where forcing leaves this `part` of the plan undecided."""
    if name is None:
        return Text(
            message=tr("Nothing could be decided for {part}, whatever is forced.", part=part),
            remedy=tr("Mend the error that is named for it, and take its code out of force."),
        )
    return Text(
        message=tr("{name} cannot be overridden: there would be nothing to go on with.", name=name),
        remedy=tr("Remove it, and mend the error itself."),
        given=name,
        fix=(("", None),),
    )


@note(
    meaning=tr("A code is forced, but no such error occurs."),
    example="force: [CIDR_OVERLAP]   # where nothing overlaps",
    fix=tr("Remove it, so that it does not hide an error later."),
    source="planner/diagnostics/force.py",
)
def force_unused(*, name: str) -> Text:
    return Text(
        message=tr("{name} is forced, but no such error occurs.", name=name),
        remedy=tr("Remove it, so that it does not hide one later."),
        given=name,
        fix=(("", None),),
    )
