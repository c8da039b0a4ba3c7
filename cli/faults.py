"""The options that ask a rehearsal for faults."""

from collections.abc import Iterable

from rehearsal.pulumi_engine.faults import Fault, Trouble
from settings.translation import tr


def parse(text: str, trouble: Trouble = "fail") -> Fault:
    """``RESOURCE`` or ``RESOURCE:N``. Raises `ValueError` where N is no number above 0, or the name is empty."""
    name, colon, times = text.rpartition(":")
    if not colon:
        name, times = text, "1"
    if not name or not times.isdecimal() or int(times) < 1:
        raise ValueError(tr("{text!r} is not RESOURCE or RESOURCE:N, such as llm-chat-inference-server:1", text=text))
    return Fault(name, trouble, int(times))


def parse_all(fail: Iterable[str], hang: Iterable[str], lose: Iterable[str]) -> list[Fault]:
    """The faults of the command's options. Raises `ValueError` as `parse` does."""
    return [
        *(parse(each, "fail") for each in fail),
        *(parse(each, "hang") for each in hang),
        *(parse(each, "lose") for each in lose),
    ]
