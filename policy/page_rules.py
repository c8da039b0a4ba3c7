"""The rule that the chat page keeps what it promises to those who use it."""

from collections.abc import Mapping

from catalog.load import load
from planner.page.variables import weakens
from policy.pods import pods
from policy.rule import Rule, items
from settings.translation import tr

PAGE_LOGIN = "WEBUI_AUTH"
"""Variable by which Open WebUI asks for a login; unset it does so too, but then nothing here shows it."""


def _undone(type_token: str, _name: str, properties: Mapping[str, object]) -> list[str]:
    return [
        tr("{path}.env[{name}]: {why}", path=container.path, name=name, why=why)
        for pod in pods(type_token, properties)
        for container in pod.containers
        for variables in [{str(each.get("name")): each.get("value") for each in items(container.spec, "env")}]
        if PAGE_LOGIN in variables
        for name, value in variables.items()
        if not _by_setting(name, variables)
        # A value that cannot be looked at may be any.
        if (why := weakens(name, value if isinstance(value, str) else "", load()))
    ]


def _by_setting(name: str, variables: Mapping[str, object]) -> bool:
    """Whether a key of its own in the stack file decides a variable, and so may say this."""
    table = load().page_variables
    waits = str(variables.get("DEFAULT_USER_ROLE", "pending")).lower() == "pending"
    return name in table and table[name].setting is not None and (name != "ENABLE_SIGNUP" or waits)


PAGE_RULES = (
    Rule(
        "PAGE_PROMISE_UNDONE",
        tr("No variable of the chat page lets strangers in or undoes what keeps accounts apart."),
        _undone,
        refused_by=("WEBUI_VARIABLE_GUARDED", "WEBUI_VARIABLE_OWNED", "WEBUI_VARIABLE_NOT_SEALED"),
    ),
)
