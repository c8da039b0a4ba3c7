"""What can be wrong with the keys and values of the stack file, whatever it asks for: what stops before planning.

A code that has several cases takes one of the texts that follow it.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from settings.diagnostics import Fix, Text, error
from settings.reading_codes import EXAMPLE
from settings.translation import joined, tr

Mend = Literal["write", "quote number", "quote date", "remove", ""]
"""How a value that is not allowed is mended: by another one, by quotes, or with the key; "": the allowed is said."""


@error(
    meaning=tr("A key is given that does not exist."),
    example="models: {chat: {tensor_paralel: 2}}",
    fix=tr("Use the key that is suggested, or remove it."),
    source="docs/configuration.md",
    forceable=False,
)
def unknown_key(case: Text) -> Text:
    return case


def no_key_of(*, key: str, holder: str, near: str | None, given: str, known: Iterable[str], fix: Fix) -> Text:
    """`key` is in the object at `holder`, in a section; `given` is the key as it may be shown."""
    return Text(
        tr("`{key}` is not a key of `{holder}`.", key=key, holder=holder),
        _other_key(near),
        given,
        ", ".join(known),
        fix,
    )


def no_section(*, key: str, near: str | None, given: str, known: Iterable[str], fix: Fix) -> Text:
    message = tr("`tke-llm:{key}` is neither a section nor a secret of this program.", key=key)
    return Text(message, _other_key(near), given, ", ".join(known), fix)


def path_as_section(*, path: str) -> Text:
    return Text(
        message=tr("`tke-llm:{path}` is neither a section nor a secret of this program.", path=path),
        remedy=tr(
            "This is a path, not a key: run `pulumi config rm 'tke-llm:{path}'` and `pulumi config set "
            "--path 'tke-llm:{path}' …`.",
            path=path,
        ),
        given=path,
    )


def no_key_of_pulumi(
    *, key: str, belongs: Literal["config", "section", ""], near: str | None, known: Iterable[str]
) -> Text:
    """At the top of the file; `belongs` below `config:`, or is a section of this program there."""
    remedies = {
        "config": tr("Move it below `config:`, indented: `config: {{{key}: …}}`.", key=key),
        "section": tr("Move it below `config:`, indented, as `tke-llm:{key}`.", key=key),
        "": tr("Did you mean `{near}`?", near=near),
    }
    return Text(
        message=tr("`{key}` is no key of Pulumi's at the top of a stack file.", key=key),
        remedy=remedies[belongs],
        given=key,
        allowed=", ".join(known),
    )


def wrong_namespace(*, given: str, right: str, fix: Fix) -> Text:
    return Text(
        message=tr("`{given}` is in no namespace of this program.", given=given),
        remedy=tr("Did you mean `{right}`?", right=right),
        given=given,
        allowed="`tke-llm:` keys",
        fix=fix,
    )


def _other_key(near: str | None) -> str:
    return (
        tr("Did you mean `{near}`?", near=near) if near else tr("Remove it, or use one of the keys that are allowed.")
    )


@error(
    meaning=tr("A key that has no default is not given."),
    example="models: {chat: {pool: gpu}}   # no model",
    fix=tr("Give it."),
    source="docs/configuration.md",
    forceable=False,
)
def missing_key(*, path: str, allowed: str, top: bool) -> Text:
    """`top`: a whole section is missing."""
    example = " " + EXAMPLE if top else ""
    return Text(
        message=tr("`{path}` is missing.", path=path),
        remedy=tr("Add `{path}`: {allowed}.{example}", path=path, allowed=allowed, example=example),
        allowed=allowed,
    )


@error(
    meaning=tr("A value is of another type than the key takes."),
    example='models: {chat: {replicas: "two"}}',
    fix=tr("Write a value of the type that is named."),
    source="docs/configuration.md",
    forceable=False,
)
def wrong_type(case: Text) -> Text:
    return case


@error(
    meaning=tr("A value has the right type, but is not one that the key takes."),
    example="models: {chat: {gpuMemoryUtilization: 1.5}}",
    fix=tr("Use a value of the range or list that is named."),
    source="docs/configuration.md",
    forceable=False,
)
def impossible_value(case: Text) -> Text:
    return case


def value_not_allowed(
    *, path: str, key: str | int, allowed: str, given: str, mend: Mend, better: str = "", fix: Fix = ()
) -> Text:
    """`mend` says how to mend it; `better` is the value to write instead, as YAML."""
    remedies: dict[Mend, str] = {
        "write": tr("Write `{better}`.", better=better),
        "quote number": tr(
            'Quote it, as in `{key}: "{better}"`: unquoted, YAML reads 1.30 as the number 1.3.', key=key, better=better
        ),
        "quote date": tr(
            'Quote it, as in `{key}: "{better}"`: unquoted, YAML reads it as a date.', key=key, better=better
        ),
        "remove": tr("Give it a value, or remove the key for its default."),
        "": tr("Give {allowed}.", allowed=allowed),
    }
    return Text(
        tr("`{path}` must be {allowed}, but is {given}.", path=path, allowed=allowed, given=given),
        remedies[mend],
        given,
        allowed,
        fix,
    )


def name_not_allowed(*, name: str, holder: str, allowed: str, given: str, near: str | None, fix: Fix) -> Text:
    message = tr(
        "The name `{name}` in `{holder}` must be {allowed}, but is {given}.",
        name=name,
        holder=holder,
        allowed=allowed,
        given=given,
    )
    remedy = tr("Call it `{near}`.", near=near) if near else tr("Give it another name: {allowed}.", allowed=allowed)
    return Text(message, remedy, given, allowed, fix)


def least_above_most(*, path: str, rule: str, given: str, least: int) -> Text:
    return Text(
        message=tr("`{path}`: {rule}.", path=path, rule=rule),
        remedy=tr("Raise `{path}.max` to {least}, or lower `{path}.min`.", path=path, least=least),
        given=given,
        allowed="min <= max",
        fix=((f"{path}.max", least),),
    )


def keys_disagree(*, path: str, rule: str, remedy: str, given: str) -> Text:
    return Text(message=tr("`{path}`: {rule}.", path=path, rule=rule), remedy=remedy, given=given, allowed=rule)


def value_nested_too_deeply(*, path: str, most: int) -> Text:
    return Text(
        message=tr("`{path}` is nested more than {most} levels deep.", path=path, most=most), remedy=tr("Remove it.")
    )


def empty_secret(*, name: str, command: str) -> Text:
    return Text(
        message=tr("`{name}` is empty.", name=name),
        remedy=tr("Run {command}, or remove the key.", command=command),
        allowed=tr("a sealed value"),
    )


def secret_of_many_values(*, path: str, command: str) -> Text:
    return Text(
        message=tr("`{path}` must be one secret, as text.", path=path),
        remedy=tr("Run {command}.", command=command),
        allowed=tr("a sealed value"),
    )


def one_secret_for_all(*, name: str, kind: str, command: str) -> Text:
    """`kind` is what each secret of this name belongs to."""
    return Text(
        message=tr("`{name}` must be an object of one secret per {kind}.", name=name, kind=kind),
        remedy=tr("Run {command} once for each {kind}.", command=command, kind=kind),
        allowed=tr("an object of {kind}: sealed value", kind=kind),
    )


def region_of_no_text(*, path: str) -> Text:
    return Text(
        message=tr("`{path}` must be the name of a region in clear.", path=path),
        remedy=tr("Run `pulumi config set {path} ap-guangzhou` with your region.", path=path),
        allowed="text",
    )


@error(
    meaning=tr("A key is given that means nothing for this kind of pool, of store or of exposure."),
    example="pools: {gpu: {kind: native, gpuType: T4}}",
    fix=tr("Remove the key, or use the kind that it belongs to."),
    source="docs/configuration.md",
    forceable=False,
)
def key_not_for_kind(
    *, key: str, owner: str, setting: str, kind: str, said: bool, kinds: Sequence[str], allowed: Iterable[str]
) -> Text:
    """`owner`: what the key means nothing for, in words; `setting`: the path that says its `kind`, which the stack file
    `said` or which is the default; `kinds`: those that have the key; `allowed`: the keys of this one."""
    change = {"setting": setting, "kinds": joined(kinds, " or ")}
    remedy, fix = tr("Remove it."), (("", None),)
    if kinds and said:
        remedy = tr("Remove it, or set {setting} to {kinds}.", **change)
    elif kinds:
        # Whoever gives the key and no kind means one that has it.
        remedy = tr("Set {setting} to {kinds}, or remove it.", **change)
        fix = ((setting, kinds[0]),) if len(kinds) == 1 else ()
    return Text(
        message=tr("{key} means nothing for {owner}.", key=key, owner=owner),
        remedy=remedy,
        given=tr("{key} with {name} {kind}", key=key, name=setting.rpartition(".")[2], kind=kind),
        allowed=", ".join(sorted(allowed)),
        fix=fix,
    )
