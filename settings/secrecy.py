"""What must not stand in the stack file in clear, and the top-level key that holds it instead."""

import re
from collections.abc import Sequence
from dataclasses import replace

from settings import secrecy_codes as codes
from settings.diagnostics import Diagnostic
from settings.paths import Step, join
from settings.translation import tr, with_values

SECRET_VARIABLES = {
    "DATABASE_URL": "databaseUrl",
    "WEBUI_ADMIN_PASSWORD": "webuiAdminPassword",
    "OAUTH_CLIENT_SECRET": "oidcClientSecret",
    "HF_TOKEN": "hfToken",
    "HUGGING_FACE_HUB_TOKEN": "hfToken",
    "OPENAI_API_KEY": "apiKeys",
    "OPENAI_API_KEYS": "apiKeys",
    "WEBUI_SECRET_KEY": "",
}
"""Environment variables that carry a secret, and the top-level key that it belongs in ("" where it is generated)."""

SEALED: dict[str, object] = {"secure": ""}
"""What stands for a sealed value whose cipher text the reader has not got, or does not want."""

_SECRET_WORDS = frozenset({"token", "key", "apikey", "password", "passwd", "secret", "credential", "credentials"})
# First letters of tokens that services issue: Hugging Face, API keys after OpenAI's fashion, Tencent Cloud, GitHub.
_TOKEN_START = re.compile(r"(hf_|sk-|AKID|gh[pousr]_)")
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])(hf_|sk-|AKID|gh[pousr]_)[A-Za-z0-9-]{20,}[A-Za-z0-9_-]*")
# From the two slashes on, for a search from the scheme's first letter takes quadratic time.
_PASSWORD_IN_URL = re.compile(r"(?<=[a-z0-9+]:)//[^/\s:@]*:[^/\s@]+@", re.IGNORECASE)
# Credentials without a prefix, such as a SecretKey of Tencent Cloud: long, and of all three kinds of character.
_RANDOM = re.compile(r"(?<![A-Za-z0-9_])[A-Za-z0-9]{32,}(?![A-Za-z0-9_])")
HIDDEN = tr("(not shown)")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ARGUMENT = re.compile(r"--([a-z-]+)[= ](.+)")
# Names of things, or of the keys of labels and taints; not secrets themselves.
_HARMLESS = frozenset({"key", "keyId", "pullSecret", "secret"})
# How a name ends that speaks about secrets: S3_KEY_PREFIX, CUSTOM_API_KEY_HEADER, PASSWORD_HASH_ALGORITHM.
_ABOUT = frozenset({"prefix", "header", "file", "path", "endpoints", "algorithm", "hint", "pattern", "id"})
# What pods show to whoever may read them.
_SHOWN = frozenset({"env", "extraArgs"})


def is_sealed(value: object) -> bool:
    """Whether this is what ``pulumi config set --secret`` leaves in the file: ``{secure: …}`` and nothing else."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("secure"), str)


def _names_a_secret(name: object) -> bool:
    """Whether a key's name says that its value is secret: ``HF_TOKEN``, ``apiKey``; not ``TOKENIZERS_PARALLELISM``."""
    if not isinstance(name, str) or name in _HARMLESS:
        return False
    words = [word.lower() for word in _WORD.findall(name)]
    return any(word in _SECRET_WORDS for word in words) and words[-1] not in _ABOUT


def _unwrapped(value: str, name: object) -> tuple[str, object]:
    """The text and the name it goes by: ``--api-key x`` is ``x`` by the name of ``api-key``."""
    argument = _ARGUMENT.match(value)
    return (argument[2], argument[1]) if argument else (value, name)


def is_token(value: str, name: object) -> bool:
    """Whether a text is certainly a secret: an issued token (where the name says so its first letters are enough),
    or a database's address with its password."""
    value, name = _unwrapped(value, name)
    if _TOKEN.search(value) or (_names_a_secret(name) and _TOKEN_START.match(value)):
        return True
    return bool(_PASSWORD_IN_URL.search(value)) and value.lower().startswith("postgres")


def masked(text: str) -> str:
    """`text` without anything in it that is certainly a secret, wherever somebody pasted it."""
    text = _TOKEN.sub(HIDDEN, text)
    text = _PASSWORD_IN_URL.sub(f"//{HIDDEN}@", text)
    return _RANDOM.sub(lambda found: HIDDEN if _is_random(found[0]) else found[0], text)


def _is_random(text: str) -> bool:
    return any(map(str.islower, text)) and any(map(str.isupper, text)) and sum(map(str.isdigit, text)) > 2


def discreet(problem: Diagnostic) -> Diagnostic:
    """A diagnostic that repeats no secret. Where its path would, nothing can be applied there."""
    said = {name: getattr(problem, name) for name in ("path", "message", "remedy", "given", "allowed")}
    telling = {name: _masked_in_place(text) for name, text in said.items() if masked(text) != text}
    if not telling:
        return problem
    return replace(problem, **telling, fix=() if masked(str(problem.fix)) != str(problem.fix) else problem.fix)


def _masked_in_place(text: str) -> str:
    """A sentence with its values masked, or plain text where that leaves a part of a secret."""
    changed = with_values(text, masked)
    return changed if changed == masked(text) else masked(text)


def looks_secret(value: object, name: object) -> bool:
    """Whether a text may be a secret, by the name it stands under or by its shape."""
    if not isinstance(value, str):
        return False
    if is_token(value, name) or _PASSWORD_IN_URL.search(value):
        return True
    value, name = _unwrapped(value, name)
    return _names_a_secret(name) and value.lower() not in {"", "true", "false"} and not value.isdigit()


def holds_secret(value: object, name: object = "") -> bool:
    """Whether a value, or anything in it, must not be shown."""
    if isinstance(value, dict):
        return is_sealed(value) or any(holds_secret(child, key) for key, child in value.items())
    if isinstance(value, list):
        return any(holds_secret(child, name) for child in value)
    return looks_secret(value, name)


def command(secret: str) -> str:
    """The command that seals a secret; it asks for the value, so that none stands in the shell's history."""
    if secret.startswith(("apiKeys", "clientKeys", "webuiEnv")):
        return f"`pulumi config set --secret --path 'tke-llm:{secret}'`"
    return f"`pulumi config set --secret tke-llm:{secret}`"


def _top_level_key(steps: Sequence[Step], value: object = None) -> str | None:
    """The top-level secret that serves for a secret found at `steps`, or None where there is none."""
    text, last = _unwrapped(value if isinstance(value, str) else "", _last_name(steps))
    text, name = text.lower(), str(last).lower()
    if steps[0] == "models" and len(steps) > 1:
        hugging_face = text.startswith("hf_") or "hf" in name or "hugging" in name or name == "token"
        return "hfToken" if hugging_face else join(("apiKeys", steps[1]))
    if steps[0] == "clients" and len(steps) > 1:
        return join(("clientKeys", steps[1]))
    if steps[0] == "webui":
        return _of_the_page(steps, text, name)
    return "kubeconfig" if steps[0] == "cluster" else None


def _of_the_page(steps: Sequence[Step], text: str, name: str) -> str | None:
    if steps[1:2] == ("env",):
        # Many a service has a password; these are the page's own.
        own = {"database_url": "databaseUrl", "oauth_client_secret": "oidcClientSecret"}
        own |= dict.fromkeys(("admin_password", "webui_admin_password"), "webuiAdminPassword")
        return own.get(name, join(("webuiEnv", _last_name(steps))))
    if text.startswith("postgres") or "database" in name:
        return "databaseUrl"
    if "oidc" in steps or "client" in name:
        return "oidcClientSecret"
    return "webuiAdminPassword" if "pass" in name else None


def _last_name(steps: Sequence[Step]) -> str:
    return next((step for step in reversed(steps) if isinstance(step, str)), "")


def in_section(steps: tuple[Step, ...], value: object) -> Diagnostic | None:
    """What there is to say about one value inside a section: sealed or certainly secret is an error, and so is a name
    that says secret where the value would reach a pod in clear; elsewhere it is a warning. The value itself is never
    part of it."""
    path = join(steps)
    name = _last_name(steps)
    key = _top_level_key(steps, value)
    of_the_cloud = isinstance(value, str) and value.startswith("AKID")
    remedy = codes.elsewhere(command=None if key is None else command(key), of_the_cloud=of_the_cloud)
    if is_sealed(value):
        return codes.secret_in_section(path, codes.sealed_in_section(path=path, remedy=remedy))
    if not looks_secret(value, name):
        return None
    shown = len(steps) > 1 and steps[-2] in _SHOWN
    certain = is_token(str(value), name)
    return codes.secret_in_section(path, codes.clear_in_section(path=path, certain=certain, shown=shown, remedy=remedy))


def in_name(steps: Sequence[Step]) -> Diagnostic:
    """An object in which a name is a secret."""
    path = join(steps)
    return codes.secret_in_section(path, codes.secret_as_name(path=path))


def in_clear(secret: str) -> Diagnostic:
    """A top-level secret that is not sealed."""
    return codes.secret_in_clear(secret, codes.own_secret(secret=secret, command=command(secret)))
