"""What can be wrong with the stack file as a file, and as YAML.

A code that has several cases takes one of the texts that follow it.
"""

from collections.abc import Sequence

from settings.diagnostics import Text, error
from settings.translation import tr

EXAMPLE = tr("Pulumi.dev.yaml is an example.")


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
