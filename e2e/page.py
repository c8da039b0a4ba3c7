"""Open WebUI's own API, as the page in a browser calls it."""

import http.client
import json
from typing import Any

from e2e.report import CheckError

_TIMEOUT = 60.0


def call(port: int, method: str, path: str, token: str, body: object = None) -> Any:  # noqa: ANN401
    """One call's JSON answer. Raises `CheckError` where the page refuses it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    try:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        told = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise CheckError(f"the page does not answer {path}: {error!r}") from None
    finally:
        connection.close()
    if response.status != 200:
        raise CheckError(f"{path} answers {response.status}: {told[:300].decode(errors='replace')}")
    return json.loads(told)


def add_user(port: int, token: str, name: str, email: str, password: str) -> None:
    """What the administrator's page does to add an ordinary user."""
    call(
        port,
        "POST",
        "/api/v1/auths/add",
        token,
        {"name": name, "email": email, "password": password, "role": "user"},
    )


def models(port: int, token: str) -> list[str]:
    """The models that somebody sees."""
    return [str(each["id"]) for each in call(port, "GET", "/api/models", token)["data"]]
