"""What can be wrong with where a secret stands in the stack file.

A code that has several cases takes one of the texts that follow it.
"""

from settings.diagnostics import Text, error
from settings.translation import tr


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
