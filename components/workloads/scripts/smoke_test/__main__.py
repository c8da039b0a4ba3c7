"""The container's entry point."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

from .asking import run
from .findings import FAILED, Finding, message
from .request import RequestError, read_request

TERMINATION_LOG = Path("/dev/termination-log")


def main() -> int:
    """Run by the environment and leave the termination message."""
    signal.signal(signal.SIGTERM, stop)
    try:
        request = read_request(os.environ)
    except RequestError as error:
        findings = [Finding(FAILED, "request", str(error))]
    else:
        findings = run(request, lambda finding: say(finding.line))
    text = message(findings)
    say(text.partition("\n")[0])
    try:
        Path(os.environ.get("TERMINATION_LOG", str(TERMINATION_LOG))).write_text(text, encoding="utf-8")
    except OSError as error:
        say(f"no termination message: {error}")
    return int(any(each.level == FAILED for each in findings))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def stop(_number: int, _frame: FrameType | None) -> None:
    """End as by an exception, so that the account is removed."""
    raise SystemExit(128 + signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
