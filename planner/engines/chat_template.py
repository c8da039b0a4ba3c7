"""Where a server finds the chat template that the stack file gives it."""

import hashlib

from planner.plan.server import TEMPLATE_MOUNT, ChatTemplate


def inline(template: str) -> ChatTemplate | None:
    """The file to mount for a template that is given by its text; None for one that is given by its path."""
    if "{" not in template and "\n" not in template:
        return None
    return ChatTemplate(f"{hashlib.sha256(template.encode()).hexdigest()[:8]}.jinja", template)


def template_path(template: str, model_path: str) -> str:
    """The path in the container: of the mounted text, of a file of the image, or of one in the model's folder."""
    text = inline(template)
    if text is not None:
        return f"{TEMPLATE_MOUNT}/{text.file}"
    return template if template.startswith("/") else f"{model_path}/{template}"
