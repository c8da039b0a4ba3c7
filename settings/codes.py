"""What can be wrong with the stack file itself, whatever it asks for: what stops before anything is planned.

A code that has several cases takes one of the texts that follow it.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from settings.diagnostics import Fix, Text, error

EXAMPLE = "Pulumi.dev.yaml is an example."

Mend = Literal["write", "quote number", "quote date", "remove", ""]
"""How a value that is not allowed is mended: by another one, by quotes, or with the key; "": the allowed is said."""


@error(
    meaning="The stack file cannot be read, or is not YAML.",
    example="tke-llm:network: {zones: [ap-guangzhou-6",
    fix="Mend the line that is named.",
    source="YAML 1.1, as Pulumi reads stack files",
    forceable=False,
)
def unreadable(case: Text) -> Text:
    return case


def no_such_file(*, name: str, near: str | None, existing: Sequence[str]) -> Text:
    """`existing` are the stacks of the folder, `near` the one that was probably meant."""
    remedy = f"Did you mean the stack `{near}`?" if near else "Give one of the stacks that exist."
    return Text(
        message=f"There is no file {name}.",
        remedy=remedy if existing else "There is no stack file in that folder; run the command where Pulumi.yaml is.",
        given=name,
        allowed=", ".join(existing),
    )


def folder(*, name: str) -> Text:
    return Text(message=f"{name} is a folder.", remedy="Give a stack's name or the path of its file.")


def kept_from_reading(*, name: str, reason: str | None) -> Text:
    """`reason` is the system's; None: no file can have that path."""
    why = reason or "the path is not valid"
    return Text(message=f"{name} cannot be read: {why}.", remedy="Give a file that can be read.")


def too_large(*, name: str, most_kib: int) -> Text:
    return Text(message=f"{name} is larger than {most_kib} KiB.", remedy="Give a stack file.")


def not_utf8(*, name: str, line: int) -> Text:
    return Text(message=f"{name} is not UTF-8 text (line {line}).", remedy="Save the file as UTF-8.")


def invalid_yaml(*, name: str, reason: str | None, tab: bool) -> Text:
    """`reason` is the YAML reader's; `tab`: there is one on the line."""
    usual = "Mend the syntax there; often it is the indentation, a missing blank after a colon, or an open quote."
    return Text(
        message=f"{name} is no valid YAML: {reason or 'a character that YAML does not allow'}.",
        remedy="Use blanks instead of the tab on that line." if tab else usual,
    )


def several_documents(*, name: str) -> Text:
    return Text(message=f"{name} holds more than one document.", remedy="Remove the line `---` and what follows it.")


def alias_before_anchor(*, name: str, anchor: str) -> Text:
    return Text(message=f"{name} uses `*{anchor}` inside itself or before `&{anchor}`.", remedy="Write the values out.")


def nested_too_deeply(*, name: str, most: int) -> Text:
    return Text(message=f"{name} is nested more than {most} levels deep.", remedy="Remove the nesting.")


def too_many_values(*, name: str, most: int) -> Text:
    return Text(
        message=f"{name} holds more than {most} values once its aliases are expanded.", remedy="Write the values out."
    )


def merge_of_no_object(*, name: str) -> Text:
    return Text(message=f"{name} merges (`<<`) something that is no object.", remedy="Write the values out.")


def tag_refused(*, name: str, tag: str) -> Text:
    return Text(message=f"{name} uses the tag `{tag}`.", remedy="Remove the tag; stack files hold plain values.")


def key_of_no_text(*, name: str) -> Text:
    return Text(message=f"{name} has a key that is no plain text.", remedy="Write the key as text.")


@error(
    meaning="The stack file has no configuration.",
    example="config: {}",
    fix="Start from Pulumi.dev.yaml.",
    source="settings/file.py, settings/keys.py",
    forceable=False,
)
def empty_stack_file(*, file: str | None) -> Text:
    """`file` None: the file holds something, but nothing of this program."""
    return Text(
        message=f"{file} is empty." if file else "Nothing is requested: the stack has no `tke-llm:` settings.",
        remedy=f"Give at least {'`config` with ' if file else ''}`tke-llm:pools` and `tke-llm:models`; {EXAMPLE}",
    )


@error(
    meaning="The stack file, its `config` or a section is not a mapping of keys to values.",
    example="tke-llm:network: ap-guangzhou-6",
    fix="Write keys and values, as docs/configuration.md shows.",
    source="settings/file.py",
    forceable=False,
)
def not_a_mapping(*, name: str, is_list: bool) -> Text:
    given = "a list" if is_list else "a single value"
    return Text(
        message=f"{name} must be an object (`key: value`), but is {given}.",
        remedy="Write `config:` and, below it and indented, one key per section, such as `tke-llm:models:`.",
        given=given,
        allowed="an object",
    )


@error(
    meaning="A key is given that does not exist.",
    example="models: {chat: {tensor_paralel: 2}}",
    fix="Use the key that is suggested, or remove it.",
    source="docs/configuration.md",
    forceable=False,
)
def unknown_key(case: Text) -> Text:
    return case


def no_key_of(*, key: str, holder: str, near: str | None, given: str, known: Iterable[str], fix: Fix) -> Text:
    """`key` is in the object at `holder`, in a section; `given` is the key as it may be shown."""
    return Text(f"`{key}` is not a key of `{holder}`.", _other_key(near), given, ", ".join(known), fix)


def no_section(*, key: str, near: str | None, given: str, known: Iterable[str], fix: Fix) -> Text:
    message = f"`tke-llm:{key}` is neither a section nor a secret of this program."
    return Text(message, _other_key(near), given, ", ".join(known), fix)


def path_as_section(*, path: str) -> Text:
    return Text(
        message=f"`tke-llm:{path}` is neither a section nor a secret of this program.",
        remedy=f"This is a path, not a key: run `pulumi config rm 'tke-llm:{path}'` and `pulumi config set --path "
        f"'tke-llm:{path}' …`.",
        given=path,
    )


def no_key_of_pulumi(
    *, key: str, belongs: Literal["config", "section", ""], near: str | None, known: Iterable[str]
) -> Text:
    """At the top of the file; `belongs` below `config:`, or is a section of this program there."""
    remedies = {
        "config": f"Move it below `config:`, indented: `config: {{{key}: …}}`.",
        "section": f"Move it below `config:`, indented, as `tke-llm:{key}`.",
        "": f"Did you mean `{near}`?",
    }
    return Text(
        message=f"`{key}` is no key of Pulumi's at the top of a stack file.",
        remedy=remedies[belongs],
        given=key,
        allowed=", ".join(known),
    )


def wrong_namespace(*, given: str, right: str, fix: Fix) -> Text:
    return Text(
        message=f"`{given}` is in no namespace of this program.",
        remedy=f"Did you mean `{right}`?",
        given=given,
        allowed="`tke-llm:` keys",
        fix=fix,
    )


def _other_key(near: str | None) -> str:
    return f"Did you mean `{near}`?" if near else "Remove it, or use one of the keys that are allowed."


@error(
    meaning="A key stands twice in the same mapping, and YAML would silently keep the last one.",
    example="tke-llm:order: fastest\ntke-llm:order: cheapest",
    fix="Keep one of them.",
    source="YAML 1.2, section 3.2.1.1 (keys are unique)",
    forceable=False,
)
def duplicate_key(*, key: str) -> Text:
    return Text(message=f"The key `{key}` stands twice in the same object.", remedy="Keep one of the two.", given=key)


@error(
    meaning="A key that has no default is not given.",
    example="models: {chat: {pool: gpu}}   # no model",
    fix="Give it.",
    source="docs/configuration.md",
    forceable=False,
)
def missing_key(*, path: str, allowed: str, top: bool) -> Text:
    """`top`: a whole section is missing."""
    example = f" {EXAMPLE}" if top else ""
    return Text(message=f"`{path}` is missing.", remedy=f"Add `{path}`: {allowed}.{example}", allowed=allowed)


@error(
    meaning="A value is of another type than the key takes.",
    example='models: {chat: {replicas: "two"}}',
    fix="Write a value of the type that is named.",
    source="docs/configuration.md",
    forceable=False,
)
def wrong_type(case: Text) -> Text:
    return case


@error(
    meaning="A value has the right type, but is not one that the key takes.",
    example="models: {chat: {gpuMemoryUtilization: 1.5}}",
    fix="Use a value of the range or list that is named.",
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
        "write": f"Write `{better}`.",
        "quote number": f'Quote it, as in `{key}: "{better}"`: unquoted, YAML reads 1.30 as the number 1.3.',
        "quote date": f'Quote it, as in `{key}: "{better}"`: unquoted, YAML reads it as a date.',
        "remove": "Give it a value, or remove the key for its default.",
        "": f"Give {allowed}.",
    }
    return Text(f"`{path}` must be {allowed}, but is {given}.", remedies[mend], given, allowed, fix)


def name_not_allowed(*, name: str, holder: str, allowed: str, given: str, near: str | None, fix: Fix) -> Text:
    message = f"The name `{name}` in `{holder}` must be {allowed}, but is {given}."
    remedy = f"Call it `{near}`." if near else f"Give it another name: {allowed}."
    return Text(message, remedy, given, allowed, fix)


def least_above_most(*, path: str, rule: str, given: str, least: int) -> Text:
    return Text(
        message=f"`{path}`: {rule}.",
        remedy=f"Raise `{path}.max` to {least}, or lower `{path}.min`.",
        given=given,
        allowed="min <= max",
        fix=((f"{path}.max", least),),
    )


def keys_disagree(*, path: str, rule: str, remedy: str, given: str) -> Text:
    return Text(message=f"`{path}`: {rule}.", remedy=remedy, given=given, allowed=rule)


def value_nested_too_deeply(*, path: str, most: int) -> Text:
    return Text(message=f"`{path}` is nested more than {most} levels deep.", remedy="Remove it.")


def empty_secret(*, name: str, command: str) -> Text:
    return Text(message=f"`{name}` is empty.", remedy=f"Run {command}, or remove the key.", allowed="a sealed value")


def secret_of_many_values(*, path: str, command: str) -> Text:
    return Text(message=f"`{path}` must be one secret, as text.", remedy=f"Run {command}.", allowed="a sealed value")


def one_secret_for_all(*, name: str, kind: str, command: str) -> Text:
    """`kind` is what each secret of this name belongs to."""
    return Text(
        message=f"`{name}` must be an object of one secret per {kind}.",
        remedy=f"Run {command} once for each {kind}.",
        allowed=f"an object of {kind}: sealed value",
    )


def region_of_no_text(*, path: str) -> Text:
    return Text(
        message=f"`{path}` must be the name of a region in clear.",
        remedy=f"Run `pulumi config set {path} ap-guangzhou` with your region.",
        allowed="text",
    )


@error(
    meaning="A secret stands inside a section, where all who may read the stack file or the pods can read it; sealed, "
    "it would be opened into plain text.",
    example="tke-llm:webui: {password: {secure: v1:…}}",
    fix="Use the top-level secret key that is named.",
    source="Pulumi documentation, secrets in structured configuration",
    forceable=False,
    rules=("SECRET_IN_CLEAR",),
)
def secret_in_section(case: Text) -> Text:
    return case


def elsewhere(*, command: str | None, of_the_cloud: bool) -> str:
    """Where a secret of a section belongs. `command` seals it; None: the program takes no such secret."""
    if command is not None:
        return f"Remove it here and run {command}."
    if of_the_cloud:
        return "Remove it here and set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY in the shell instead."
    return "Remove it here; the secrets this program takes are listed in docs/configuration.md."


def sealed_in_section(*, path: str, remedy: str) -> Text:
    """`remedy` is one of `elsewhere`."""
    message = f"`{path}` is a sealed value inside a section; sections hold plain values only."
    return Text(message, remedy, fix=(("", None),))


def clear_in_section(*, path: str, certain: bool, shown: bool, remedy: str) -> Text:
    """`certain`: it is a secret; otherwise it looks like one. `shown`: pods would show it. `remedy` is one of
    `elsewhere`."""
    what = "holds a secret" if certain else "looks like a secret"
    message = f"`{path}` {what} in clear; it would be readable in the file and in the cluster."
    return Text(message, remedy, fix=(("", None),), severity="error" if certain or shown else "warning")


def secret_as_name(*, path: str) -> Text:
    return Text(
        message=f"A name in `{path}` is a secret in clear; it would be readable in the file and in the cluster.",
        remedy="Give it another name, and make a new secret.",
    )


@error(
    meaning="A secret stands in the stack file in clear.",
    example="tke-llm:hfToken: hf_…",
    fix="`pulumi config set --secret tke-llm:hfToken`, and take the old value back at its source.",
    source="docs/security.md (no secret is written anywhere in clear)",
    forceable=False,
)
def secret_in_clear(case: Text) -> Text:
    return case


def provider_secret(*, path: str) -> Text:
    return Text(
        message=f"`{path}` is a credential and stands in the stack file in clear.",
        remedy="Remove it and set TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY in the shell, or run "
        f"`pulumi config set --secret {path}`. If the file was ever shared, make a new key.",
    )


def own_secret(*, secret: str, command: str) -> Text:
    """`command` seals it."""
    return Text(
        message=f"`{secret}` is a secret and stands in the stack file in clear.",
        remedy=f"Run {command}; it asks for the value and seals it. If the file was ever shared, make a new secret.",
        allowed="a sealed value (`secure: …`)",
    )


@error(
    meaning="A key is given that means nothing for this kind of pool, of store or of exposure.",
    example="pools: {gpu: {kind: native, gpuType: T4}}",
    fix="Remove the key, or use the kind that it belongs to.",
    source="docs/configuration.md",
    forceable=False,
)
def key_not_for_kind(
    *, key: str, owner: str, setting: str, kind: str, said: bool, kinds: Sequence[str], allowed: Iterable[str]
) -> Text:
    """`owner`: what the key means nothing for, in words; `setting`: the path that says its `kind`, which the stack file
    `said` or which is the default; `kinds`: those that have the key; `allowed`: the keys of this one."""
    change = f"set {setting} to {' or '.join(kinds)}"
    remedy, fix = "Remove it.", (("", None),)
    if kinds and said:
        remedy = f"Remove it, or {change}."
    elif kinds:
        # Whoever gives the key and no kind means one that has it.
        remedy, fix = f"S{change[1:]}, or remove it.", ((setting, kinds[0]),) if len(kinds) == 1 else ()
    return Text(
        message=f"{key} means nothing for {owner}.",
        remedy=remedy,
        given=f"{key} with {setting.rpartition('.')[2]} {kind}",
        allowed=", ".join(sorted(allowed)),
        fix=fix,
    )
