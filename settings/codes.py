"""What can be wrong with the stack file itself, whatever it asks for: what stops before anything is planned.

A code that has several cases takes one of the texts that follow it.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from settings.diagnostics import Fix, Text, error
from settings.translation import joined, tr

EXAMPLE = tr("Pulumi.dev.yaml is an example.")

Mend = Literal["write", "quote number", "quote date", "remove", ""]
"""How a value that is not allowed is mended: by another one, by quotes, or with the key; "": the allowed is said."""


@error(
    meaning=tr("The stack file cannot be read, or is not YAML."),
    example="tke-llm:network: {zones: [ap-guangzhou-6",
    fix=tr("Mend the line that is named."),
    source="YAML 1.1, as Pulumi reads stack files",
    forceable=False,
)
def unreadable(case: Text) -> Text:
    return case


def no_such_file(*, name: str, near: str | None, existing: Sequence[str]) -> Text:
    """`existing` are the stacks of the folder, `near` the one that was probably meant."""
    remedy = tr("Did you mean the stack `{near}`?", near=near) if near else tr("Give one of the stacks that exist.")
    return Text(
        message=tr("There is no file {name}.", name=name),
        remedy=remedy
        if existing
        else tr("There is no stack file in that folder; run the command where Pulumi.yaml is."),
        given=name,
        allowed=", ".join(existing),
    )


def folder(*, name: str) -> Text:
    return Text(message=tr("{name} is a folder.", name=name), remedy=tr("Give a stack's name or the path of its file."))


def kept_from_reading(*, name: str, reason: str | None) -> Text:
    """`reason` is the system's; None: no file can have that path."""
    why = reason or tr("the path is not valid")
    return Text(
        message=tr("{name} cannot be read: {why}.", name=name, why=why), remedy=tr("Give a file that can be read.")
    )


def too_large(*, name: str, most_kib: int) -> Text:
    return Text(
        message=tr("{name} is larger than {most_kib} KiB.", name=name, most_kib=most_kib),
        remedy=tr("Give a stack file."),
    )


def not_utf8(*, name: str, line: int) -> Text:
    return Text(
        message=tr("{name} is not UTF-8 text (line {line}).", name=name, line=line),
        remedy=tr("Save the file as UTF-8."),
    )


def invalid_yaml(*, name: str, reason: str | None, tab: bool) -> Text:
    """`reason` is the YAML reader's; `tab`: there is one on the line."""
    usual = tr("Mend the syntax there; often it is the indentation, a missing blank after a colon, or an open quote.")
    return Text(
        message=tr(
            "{name} is no valid YAML: {reason}.", name=name, reason=reason or tr("a character that YAML does not allow")
        ),
        remedy=tr("Use blanks instead of the tab on that line.") if tab else usual,
    )


def several_documents(*, name: str) -> Text:
    return Text(
        message=tr("{name} holds more than one document.", name=name),
        remedy=tr("Remove the line `---` and what follows it."),
    )


def alias_before_anchor(*, name: str, anchor: str) -> Text:
    return Text(
        message=tr("{name} uses `*{anchor}` inside itself or before `&{anchor}`.", name=name, anchor=anchor),
        remedy=tr("Write the values out."),
    )


def nested_too_deeply(*, name: str, most: int) -> Text:
    return Text(
        message=tr("{name} is nested more than {most} levels deep.", name=name, most=most),
        remedy=tr("Remove the nesting."),
    )


def too_many_values(*, name: str, most: int) -> Text:
    return Text(
        message=tr("{name} holds more than {most} values once its aliases are expanded.", name=name, most=most),
        remedy=tr("Write the values out."),
    )


def merge_of_no_object(*, name: str) -> Text:
    return Text(
        message=tr("{name} merges (`<<`) something that is no object.", name=name), remedy=tr("Write the values out.")
    )


def tag_refused(*, name: str, tag: str) -> Text:
    return Text(
        message=tr("{name} uses the tag `{tag}`.", name=name, tag=tag),
        remedy=tr("Remove the tag; stack files hold plain values."),
    )


def key_of_no_text(*, name: str) -> Text:
    return Text(message=tr("{name} has a key that is no plain text.", name=name), remedy=tr("Write the key as text."))


@error(
    meaning=tr("The stack file has no configuration."),
    example="config: {}",
    fix=tr("Start from Pulumi.dev.yaml."),
    source="settings/file.py, settings/keys.py",
    forceable=False,
)
def empty_stack_file(*, file: str | None) -> Text:
    """`file` None: the file holds something, but nothing of this program."""
    return Text(
        message=tr("{file} is empty.", file=file)
        if file
        else tr("Nothing is requested: the stack has no `tke-llm:` settings."),
        remedy=tr(
            "Give at least {config}`tke-llm:pools` and `tke-llm:models`; {example}",
            config=tr("`config` with ") if file else "",
            example=EXAMPLE,
        ),
    )


@error(
    meaning=tr("The stack file, its `config` or a section is not a mapping of keys to values."),
    example="tke-llm:network: ap-guangzhou-6",
    fix=tr("Write keys and values, as docs/configuration.md shows."),
    source="settings/file.py",
    forceable=False,
)
def not_a_mapping(*, name: str, is_list: bool) -> Text:
    given = tr("a list") if is_list else tr("a single value")
    return Text(
        message=tr("{name} must be an object (`key: value`), but is {given}.", name=name, given=given),
        remedy=tr("Write `config:` and, below it and indented, one key per section, such as `tke-llm:models:`."),
        given=given,
        allowed=tr("an object"),
    )


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
    meaning=tr("A key stands twice in the same mapping, and YAML would silently keep the last one."),
    example="tke-llm:order: fastest\ntke-llm:order: cheapest",
    fix=tr("Keep one of them."),
    source="YAML 1.2, section 3.2.1.1 (keys are unique)",
    forceable=False,
)
def duplicate_key(*, key: str) -> Text:
    return Text(
        message=tr("The key `{key}` stands twice in the same object.", key=key),
        remedy=tr("Keep one of the two."),
        given=key,
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
    meaning=tr(
        "A secret stands inside a section, where all who may read the stack file or the pods can read "
        "it; sealed, it would be opened into plain text."
    ),
    example="tke-llm:webui: {password: {secure: v1:…}}",
    fix=tr("Use the top-level secret key that is named."),
    source="Pulumi documentation, secrets in structured configuration",
    forceable=False,
    rules=("SECRET_IN_CLEAR",),
)
def secret_in_section(case: Text) -> Text:
    return case


def elsewhere(*, command: str | None, of_the_cloud: bool) -> str:
    """Where a secret of a section belongs. `command` seals it; None: the program takes no such secret."""
    if command is not None:
        return tr("Remove it here and run {command}.", command=command)
    if of_the_cloud:
        return tr("Remove it here and set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY in the shell instead.")
    return tr("Remove it here; the secrets this program takes are listed in docs/configuration.md.")


def sealed_in_section(*, path: str, remedy: str) -> Text:
    """`remedy` is one of `elsewhere`."""
    message = tr("`{path}` is a sealed value inside a section; sections hold plain values only.", path=path)
    return Text(message, remedy, fix=(("", None),))


def clear_in_section(*, path: str, certain: bool, shown: bool, remedy: str) -> Text:
    """`certain`: it is a secret; otherwise it looks like one. `shown`: pods would show it. `remedy` is one of
    `elsewhere`."""
    what = tr("holds a secret") if certain else tr("looks like a secret")
    message = tr("`{path}` {what} in clear; it would be readable in the file and in the cluster.", path=path, what=what)
    return Text(message, remedy, fix=(("", None),), severity="error" if certain or shown else "warning")


def secret_as_name(*, path: str) -> Text:
    return Text(
        message=tr(
            "A name in `{path}` is a secret in clear; it would be readable in the file and in the cluster.", path=path
        ),
        remedy=tr("Give it another name, and make a new secret."),
    )


@error(
    meaning=tr("A secret stands in the stack file in clear."),
    example="tke-llm:hfToken: hf_…",
    fix=tr("`pulumi config set --secret tke-llm:hfToken`, and take the old value back at its source."),
    source="docs/security.md (no secret is written anywhere in clear)",
    forceable=False,
)
def secret_in_clear(case: Text) -> Text:
    return case


def provider_secret(*, path: str) -> Text:
    return Text(
        message=tr("`{path}` is a credential and stands in the stack file in clear.", path=path),
        remedy=tr(
            "Remove it and set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY in the shell, or run "
            "`pulumi config set --secret {path}`. If the file was ever shared, make a new key.",
            path=path,
        ),
    )


def own_secret(*, secret: str, command: str) -> Text:
    """`command` seals it."""
    return Text(
        message=tr("`{secret}` is a secret and stands in the stack file in clear.", secret=secret),
        remedy=tr(
            "Run {command}; it asks for the value and seals it. If the file was ever shared, make a new secret.",
            command=command,
        ),
        allowed=tr("a sealed value (`secure: …`)"),
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
