"""`tke-llm chat`: talk with a deployed model in the terminal."""

import sys
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from typing import Literal

from cli.chat.stream import ChatError, Written, answer
from cli.deployed import Deployed, DeployedError, DeployedModel, api, deployed, forward, is_local
from cli.language import tr
from cli.report import dump
from cli.text import Piece, complain, line, put, seen, show
from settings import translation

INTERRUPTED = 130
COMMANDS = translation.tr("/new begins anew, /quit ends; Ctrl-C ends an answer")
Turn = Literal["said", "stopped", "failed"]


@dataclass
class Talk:
    """One conversation. `url` ends in ``/v1``; `messages` is all that was said so far."""

    url: str
    key: str | None = field(repr=False)
    served_name: str
    messages: list[dict[str, str]] = field(default_factory=list)

    def ask(self, text: str, write: Callable[[Written], None]) -> Turn:
        """Ask, write the answer as it comes, and keep both. Of an answer that was stopped what there was is kept; a
        question that nobody answered is not."""
        self.messages.append({"role": "user", "content": text})
        said = ""
        turn: Turn = "said"
        try:
            with closing(answer(self.url, self.key, self.served_name, self.messages)) as pieces:
                for each in pieces:
                    # What somebody has seen is kept, whenever Ctrl-C comes.
                    said += "" if each.thought else each.text
                    write(each)
        except KeyboardInterrupt:
            turn = "stopped"
        except ChatError as error:
            put("\n" if said else "")
            complain(str(error))
            turn = "failed"
        if said or turn == "said":
            self.messages.append({"role": "assistant", "content": said})
        else:
            self.messages.pop()
        return turn


def chat(stack: str, name: str | None, *, message: str | None, forwarded: bool, as_json: bool) -> int:
    """Talk at the stack's public address, or with `forwarded` or where it has none through a port that is forwarded
    for as long as this takes. `message`, or what stands on a stdin that is no terminal, is one question.

    1 where nobody can be asked or an answer fails, 2 for `as_json` without a question, 130 after Ctrl-C.
    """
    question = message if message is not None or sys.stdin.isatty() else sys.stdin.read()
    if question is None and as_json:
        complain(tr("--json answers one question: give --message, or a question on stdin"))
        return 2
    if question is not None and not question.strip():
        complain(tr("the question is empty"))
        return 2
    try:
        found = deployed(stack)
        model = _model(found, name)
        with ExitStack() as opened:
            talk = Talk(_address(found, model, opened, forwarded=forwarded), model.api_key, model.served_name)
            if question is not None:
                return _once(talk, question, found.stack, as_json=as_json)
            values = {"name": model.name, "model": model.model_id, "where": _where(talk.url), "commands": COMMANDS}
            show([line(Piece(tr("{name} ({model}) at {where}; {commands}", **values), "dim"))])
            return _turns(talk)
    except DeployedError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _model(found: Deployed, name: str | None) -> DeployedModel:
    model = found.model(name)
    if found.plan.get("paused"):
        raise DeployedError(
            tr("stack {stack} is paused: nothing answers until `pause` is taken away", stack=found.stack)
        )
    return model


def _address(found: Deployed, model: DeployedModel, opened: ExitStack, *, forwarded: bool) -> str:
    if forwarded:
        return f"{opened.enter_context(forward(found, model.name))}/v1"
    return opened.enter_context(api(found, model))


def _where(url: str) -> str:
    return tr("a forwarded port") if is_local(url) else url


def _once(talk: Talk, question: str, stack: str, *, as_json: bool) -> int:
    turn = talk.ask(question, (lambda _: None) if as_json else _writer())
    if as_json and turn == "said":
        dump({"stack": stack, "model": talk.served_name, "answer": talk.messages[-1]["content"]})
    elif turn != "failed":
        put("\n")
    return {"said": 0, "failed": 1, "stopped": INTERRUPTED}[turn]


def _turns(talk: Talk) -> int:
    with suppress(ImportError):
        import readline  # noqa: F401, PLC0415  arrows and history at the prompt, where there are any
    while True:
        try:
            text = input("> ").strip()
        except EOFError:
            put("\n")
            return 0
        except KeyboardInterrupt:
            put("\n")
            show([line(Piece(COMMANDS, "dim"))])
            continue
        if text == "/quit":
            return 0
        if text == "/new":
            talk.messages.clear()
        elif text.startswith("/"):
            show([line(Piece(COMMANDS, "dim"))])
        elif text:
            turn = talk.ask(text, _writer())
            put("\n\n")
            if turn == "stopped":
                show([line(Piece(tr("stopped"), "dim"))])


def _writer() -> Callable[[Written], None]:
    """Writes pieces as they come: on a terminal thoughts dimmed and before the answer, elsewhere the answer alone."""
    if not sys.stdout.isatty():
        return lambda each: None if each.thought else put(_plain(each.text))
    from rich.console import Console  # noqa: PLC0415  only a terminal needs it
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    thinking = False

    def write(each: Written) -> None:
        nonlocal thinking
        gap = "\n\n" if thinking and not each.thought else ""
        thinking = each.thought
        console.print(Text(gap + _plain(each.text), style="bright_black" if each.thought else ""), end="")
        console.file.flush()

    return write


def _plain(text: str) -> str:
    """A model's text with nothing in it that a terminal obeys, but for lines and tabs."""
    return "\n".join(seen(part.expandtabs(4)) for part in text.split("\n"))
