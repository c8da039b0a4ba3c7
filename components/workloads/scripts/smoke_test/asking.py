"""One run from beginning to end."""

from collections.abc import Callable

from .findings import Finding, Run
from .models import ask_model
from .page import ask_page
from .request import Request
from .roads import ask_gateway, try_forbidden


def run(request: Request, say: Callable[[Finding], object] = lambda _: None) -> list[Finding]:
    """Ask for everything in turn and return what was found."""
    done = Run(request, say)
    for model in request.models:
        ask_model(done, model)
    if request.page is not None:
        ask_page(done, request.page)
    if request.gateway is not None:
        ask_gateway(done, request.gateway)
    for road in request.forbidden:
        done.check(f"{road.host}:{road.port} from a pod that may not", lambda road=road: try_forbidden(road))
    return done.findings
