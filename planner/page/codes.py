"""What can be wrong with the chat page."""

from collections.abc import Iterable

from settings.diagnostics import Text, error, note, warning
from settings.translation import joined, tr


@warning(
    meaning=tr("The chat page may be killed for memory once several people use it."),
    example="webui: {memory: 1Gi}",
    fix=tr("Use 2Gi or more."),
    source="Open WebUI documentation, troubleshooting/performance",
)
def webui_memory_low(*, memory: str, least_mib: int) -> Text:
    return Text(
        message=tr("Open WebUI may be killed with {memory} once several people use it.", memory=memory),
        remedy=tr("Use 2Gi."),
        given=memory,
        allowed=tr("{least_mib}Mi or more", least_mib=least_mib),
        fix=(("", "2Gi"),),
    )


@warning(
    meaning=tr("There is a chat page, and no model of the stack chats."),
    example="models: {vectors: {model: BAAI/bge-m3}}",
    fix=tr("Leave the page out with `webui: false`, or add a chat model."),
    source="planner/page/decide.py (the page lists chat models)",
)
def page_without_chat(*, models: Iterable[str]) -> Text:
    return Text(
        message=tr("Nobody can chat on the page: no model of the stack does ({models}).", models=joined(models)),
        remedy=tr("Set webui.enabled to false, or add a chat model."),
        given="true",
        fix=(("", False),),
    )


@note(
    meaning=tr("The administrator of the chat page has the default login."),
    example="webui: {}",
    fix=tr("Set webui.adminEmail before the first start; the account is made then."),
    source="Open WebUI documentation, WEBUI_ADMIN_EMAIL",
)
def admin_email_default(*, email: str) -> Text:
    return Text(
        message=tr("The administrator logs in as {email}.", email=email),
        remedy=tr("Set webui.adminEmail to your own address."),
    )


@error(
    meaning=tr(
        "The page is set to offer tools in every request, and a model takes none, so that vLLM refuses "
        "every message and SGLang answers with the call of a tool as plain text. A model of Ollama takes "
        "them where its template does, which is a warning."
    ),
    example="webui: {functionCalling: native}, beside a vLLM model without a tool parser",
    fix=tr("Leave functionCalling out."),
    source="vLLM 0.29.0 and Open WebUI 0.12.4, run together (HTTP 400)",
)
def tools_refused(*, model: str, known: bool) -> Text:
    """`known`: the model takes no tools; otherwise nobody knows whether it does."""
    how = tr("takes no tools in a request") if known else tr("takes tools in a request only if its own template does")
    return Text(
        message=tr(
            "Model {model} {how}, and the page would offer them in every message: the answer is an error, or "
            "the call of a tool as plain text.",
            model=model,
            how=how,
        ),
        remedy=tr("Leave functionCalling out: tools are then put into the prompt."),
        given="native",
        allowed="auto, legacy",
        fix=(("", None),),
        severity="error" if known else "warning",
    )


@error(
    meaning=tr("webui.redis is no address of a Redis without a password."),
    example="webui: {redis: redis.example.com}",
    fix=tr("Write redis://host:6379/0, or leave it out to have a Redis with a password made in the namespace."),
    source="Open WebUI documentation, REDIS_URL",
)
def redis_address() -> Text:
    return Text(
        message=tr("This is no address of a Redis without a password, which would stand here in clear."),
        remedy=tr("Write redis://host:6379/0, or leave it out to have one made."),
        allowed=tr("redis://host[:port][/database], or rediss://"),
        fix=(("", None),),
    )


@note(
    meaning=tr("With a database the chat page has no volume, and uploaded files live as long as the pod."),
    example="pulumi config set --secret tke-llm:databaseUrl   # and no STORAGE_PROVIDER",
    fix=tr("Set webui.env {STORAGE_PROVIDER: s3, S3_BUCKET_NAME: …} where uploads must be kept."),
    source="Open WebUI documentation, advanced-topics/scaling",
)
def uploads_not_kept() -> Text:
    return Text(
        message=tr(
            "Accounts and chats are in the database; files that people upload are kept in the pod and go with it."
        ),
        remedy=tr("Set webui.env.STORAGE_PROVIDER to s3 and its bucket's variables where uploads must be kept."),
    )


@error(
    meaning=tr("The variable is decided by another part of the stack file."),
    example='webui: {env: {WEBUI_AUTH: "False"}}',
    fix=tr("Remove it."),
    source="catalog/data/page_variables.yaml (decided_by)",
    forceable=False,
    rules=("PAGE_PROMISE_UNDONE",),
)
def webui_variable_owned(*, variable: str, owner: str | None, value: str | None) -> Text:
    """`owner` decides the variable; `value` is what it has in clear, None where it is sealed."""
    return Text(
        message=tr("{variable} is decided by {owner}.", variable=variable, owner=owner),
        remedy=tr("Remove it."),
        given=value or "",
        fix=() if value is None else (("", None),),
    )


@error(
    meaning=tr(
        "The variable would undo something that the page promises, such as that everyone logs in and "
        "waits for the administrator."
    ),
    example="webui: {env: {WEBUI_AUTH_TRUSTED_EMAIL_HEADER: X-Email}}",
    fix=tr(
        "Remove it, or use the setting that is named. Force the code where something else keeps the "
        "promise, such as a proxy of your own that takes the header out."
    ),
    source="catalog/data/page_variables.yaml (why), after Open WebUI's source",
    rules=("PAGE_PROMISE_UNDONE",),
)
def webui_variable_guarded(*, variable: str, value: str, why: str, setting: str | None) -> Text:
    """`setting` of the stack file is the one to use instead."""
    return Text(
        message=tr("{variable} would undo what the page promises: {why}.", variable=variable, why=why),
        remedy=tr("Remove it; {setting} decides it.", setting=setting) if setting else tr("Remove it."),
        given=value,
        fix=(("", None),),
    )


@error(
    meaning=tr("The secret webuiEnv has a name in it that no environment variable can have."),
    example="tke-llm:webuiEnv: {LDAP APP PASSWORD: {secure: v1:…}}",
    fix=tr("Use letters, digits and underscores, and no digit first."),
    source="POSIX, environment variables",
    forceable=False,
)
def webui_variable_name() -> Text:
    return Text(
        message=tr("A name in it is no name of an environment variable."),
        remedy=tr("Use letters, digits and underscores, and no digit first."),
        allowed=tr("letters, digits and underscores"),
    )


@error(
    meaning=tr(
        "The secret webuiEnv holds a variable whose value has to be looked at, since some values undo "
        "what the page promises."
    ),
    example="tke-llm:webuiEnv: {DEFAULT_USER_ROLE: {secure: v1:…}}",
    fix=tr("Set it in webui.env."),
    source="catalog/data/page_variables.yaml (why)",
    forceable=False,
    rules=("PAGE_PROMISE_UNDONE",),
)
def webui_variable_not_sealed(*, variable: str, path: str, why: str | None) -> Text:
    """`path` is that of the sealed value."""
    return Text(
        message=tr(
            "{variable} could undo what the page promises, and a sealed value cannot be looked at: {why}.",
            variable=variable,
            why=why,
        ),
        remedy=tr("Set it in webui.env, and run `pulumi config rm --path 'tke-llm:{path}'`.", path=path),
    )


@error(
    meaning=tr("A variable stands in webui.env and in the secret webuiEnv; a pod takes each name once."),
    example="webui: {env: {LDAP_APP_DN: cn=page}} with tke-llm:webuiEnv: {LDAP_APP_DN: {secure: v1:…}}",
    fix=tr("Remove it from webui.env."),
    source="Kubernetes API, EnvVar (merged by name)",
    forceable=False,
)
def webui_variable_twice(*, variable: str, secret: str) -> Text:
    """`secret` is the top-level one that holds the variable too."""
    return Text(
        message=tr(
            "{variable} stands in webui.env and in the secret tke-llm:{secret}.", variable=variable, secret=secret
        ),
        remedy=tr("Remove it from webui.env."),
        fix=(("", None),),
    )
