"""What can be wrong in several rooms alike."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Text, error


@error(
    meaning="A key is given that means nothing for this kind of pool, of store or of exposure.",
    example="pools: {gpu: {kind: native, gpuType: T4}}",
    fix="Remove the key, or use the kind that it belongs to.",
    source="docs/configuration.md",
    forceable=False,
)
def key_not_for_kind(
    *, key: str, owner: str, setting: str, kind: str, kinds: Sequence[str], allowed: Iterable[str]
) -> Text:
    """`owner`: what the key means nothing for, in words; `setting`: the path that says its `kind`; `kinds`: those that
    have the key; `allowed`: the keys of this one."""
    return Text(
        message=f"{key} means nothing for {owner}.",
        remedy=f"Remove it, or set {setting} to {' or '.join(kinds)}." if kinds else "Remove it.",
        given=f"{key} with {setting.rpartition('.')[2]} {kind}",
        allowed=", ".join(sorted(allowed)),
        fix=(("", None),),
    )
