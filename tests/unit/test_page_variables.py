"""Which of the chat page's variables a stack file may set."""

import pytest

from catalog.load import load
from planner.page.decide import OFFLINE
from planner.prove import prove
from settings.parse import StackInput, parse
from tests.unit.stacks import codes, found, planned, sections

GUARDED = {
    "WEBUI_AUTH_TRUSTED_EMAIL_HEADER": "X-Email",
    "WEBUI_AUTH_TRUSTED_NAME_HEADER": "X-Name",
    "WEBUI_AUTH_TRUSTED_GROUPS_HEADER": "X-Groups",
    "WEBUI_AUTH_TRUSTED_ROLE_HEADER": "X-Role",
    "ENABLE_SIGNUP": "True",
    "ENABLE_INITIAL_ADMIN_SIGNUP": "true",
    "DEFAULT_USER_ROLE": "admin",
    "OAUTH_MERGE_ACCOUNTS_BY_EMAIL": "True",
    "ENABLE_OAUTH_EMAIL_FALLBACK": "True",
    "ENABLE_OAUTH_TOKEN_EXCHANGE": "True",
    "ENABLE_PERSISTENT_CONFIG": "True",
    "WEBUI_SESSION_COOKIE_SECURE": "False",
    "WEBUI_AUTH_COOKIE_SECURE": "",
    "WEBUI_AUTH_COOKIE_SAME_SITE": "none",
    "CORS_ALLOW_ORIGIN": "*",
    "JWT_EXPIRES_IN": "-1",
    "BYPASS_RETRIEVAL_ACCESS_CONTROL": "True",
    "ENABLE_OPENAI_API_PASSTHROUGH": "True",
    "ENABLE_PIP_INSTALL_FRONTMATTER_REQUIREMENTS": "True",
    "ENABLE_RAG_LOCAL_WEB_FETCH": "True",
}
"""What Open WebUI 0.12.4 reads (env.py, config.py) and would undo a promise of docs/security.md."""

OPEN = {
    "LDAP_SERVER_HOST": "ldap.example.com",
    "ENABLE_LDAP": "True",
    "RAG_EMBEDDING_ENGINE": "openai",
    "AUDIO_STT_ENGINE": "openai",
    "ENABLE_IMAGE_GENERATION": "True",
    "COMFYUI_BASE_URL": "http://comfyui.images:8188",
    "ENABLE_WEB_SEARCH": "True",
    "ENABLE_OAUTH_ROLE_MANAGEMENT": "True",
    "ENABLE_ADMIN_EXPORT": "False",
    "JWT_EXPIRES_IN": "8h",
    "ENABLE_SIGNUP": "False",
    "WEBUI_AUTH_COOKIE_SAME_SITE": "strict",
    "DEFAULT_LOCALE": "zh-CN",
}
"""What people need, and what makes the page stricter."""


@pytest.mark.parametrize(("name", "value"), GUARDED.items())
def test_a_variable_that_undoes_a_promise_is_refused_and_may_be_forced(name: str, value: str):
    changes: dict[str, object] = {"webui.env": {name: value}}
    refused = found(planned(changes), "WEBUI_VARIABLE_GUARDED")
    assert (refused.severity, refused.path) == ("error", f"webui.env.{name}")
    assert not planned({"webui.env": {}}).errors
    forced = planned({**changes, "force": ["WEBUI_VARIABLE_GUARDED"]})
    assert not forced.errors
    assert found(forced, "WEBUI_VARIABLE_GUARDED").forced
    assert forced.webui is not None
    assert dict(forced.webui.env)[name] == value


@pytest.mark.parametrize(("name", "value"), OPEN.items())
def test_what_people_need_and_what_is_stricter_is_let_through(name: str, value: str):
    plan = planned({"webui.env": {name: value}})
    assert not plan.errors
    assert plan.webui is not None
    assert dict(plan.webui.env)[name] == value


@pytest.mark.parametrize("expiry", ["4w", "28d", "12h", "90m", "3600s"])
def test_a_login_may_last_four_weeks_at_most(expiry: str):
    assert not planned({"webui.env": {"JWT_EXPIRES_IN": expiry}}).errors


@pytest.mark.parametrize("expiry", ["0", "-1", "5w", "29d", "1y", ""])
def test_a_login_for_longer_is_refused(expiry: str):
    assert "WEBUI_VARIABLE_GUARDED" in codes(planned({"webui.env": {"JWT_EXPIRES_IN": expiry}}), "error")


def test_what_the_program_sets_nobody_forces():
    changes: dict[str, object] = {"webui.env": {"WEBUI_AUTH": "False"}, "force": ["WEBUI_VARIABLE_OWNED"]}
    assert codes(planned(changes), "error") == {"WEBUI_VARIABLE_OWNED", "CANNOT_FORCE"}


def test_every_variable_of_the_page_that_the_program_makes_it_with_is_owned_or_judged():
    page = planned({"expose": {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}}}).webui
    assert page is not None
    harmless = OFFLINE.keys() | {"ANONYMIZED_TELEMETRY", "DO_NOT_TRACK", "SCARF_NO_ANALYTICS"}
    made = {name for name, _ in page.env} - harmless
    assert made <= set(load().page_variables)


def test_sealed_variables_are_planned_by_name():
    plan = planned(secrets=("webuiEnv", "webuiEnv.LDAP_APP_PASSWORD", "webuiEnv.RAG_OPENAI_API_KEY"))
    assert not plan.errors
    assert plan.webui is not None
    assert plan.webui.sealed_env == ("LDAP_APP_PASSWORD", "RAG_OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("webuiEnv.WEBUI_SECRET_KEY", "WEBUI_VARIABLE_OWNED"),
        ("webuiEnv.WEBUI_AUTH", "WEBUI_VARIABLE_OWNED"),
        ("webuiEnv.WEBUI_AUTH_TRUSTED_EMAIL_HEADER", "WEBUI_VARIABLE_NOT_SEALED"),
        ("webuiEnv.DEFAULT_USER_ROLE", "WEBUI_VARIABLE_NOT_SEALED"),
        ('webuiEnv["a=b"]', "WEBUI_VARIABLE_NAME"),
        ('webuiEnv["1A"]', "WEBUI_VARIABLE_NAME"),
    ],
)
def test_no_sealed_variable_gets_around_the_rules(name: str, code: str):
    assert codes(planned(secrets=("webuiEnv", name)), "error") == {code}


def test_a_secret_that_was_pasted_as_a_name_is_not_repeated():
    pasted = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz0123!"
    refused = found(planned(secrets=("webuiEnv", f'webuiEnv["{pasted}"]')), "WEBUI_VARIABLE_NAME")
    assert pasted not in str(refused)


def test_a_secret_in_clear_never_gets_as_far_as_the_plan():
    changes = sections({"webui.env": {"LDAP_APP_PASSWORD": "correct horse", "LDAP_APP_DN": "cn=page"}})
    plan, diagnostics = prove(parse(StackInput("tke-llm", "dev", "ap-guangzhou", changes)))
    assert [each.code for each in diagnostics if each.severity == "error"] == ["SECRET_IN_SECTION"]
    assert "correct horse" not in str(diagnostics) + repr(plan)
