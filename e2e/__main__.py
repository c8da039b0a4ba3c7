"""`python -m e2e STACK`: run a stack's containers on this machine, and use them. 0 where all is right, 1 where not, 2
where this machine cannot."""

import argparse
import sys
from pathlib import Path

from e2e.containers import ManifestError, Rendered, recorded
from e2e.mapping import UnknownImageError
from e2e.processes import interrupts
from e2e.run import run
from e2e.sandbox import SandboxError
from e2e.software import SoftwareError
from rehearsal.run import rehearse
from settings.file import find, read

ROOT = Path(__file__).resolve().parents[1]


def containers(stack: str) -> tuple[str, Rendered]:
    """A stack's name, and the parts of it that run, with the rehearsal's secrets in clear.

    Raises `ManifestError`, and where the stack is not ready `SystemExit`.
    """
    given = read(find(stack, ROOT))
    rehearsed = rehearse(given, ROOT / "__main__.py")
    if rehearsed.recording is None:
        raise SystemExit("\n".join(f"{each.code} {each.path}: {each.message}" for each in rehearsed.errors))
    return given.stack, recorded(rehearsed.recording.registrations)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make e2e", description=__doc__)
    parser.add_argument("stack", metavar="STACK", help="a stack's name (dev), or the path of a stack file")
    parser.add_argument("--out", type=Path, help="folder for screenshots and logs (default: out/e2e/STACK)")
    given = parser.parse_args()
    try:
        with interrupts():
            name, stack = containers(given.stack)
            right = run(stack, (given.out or ROOT / "out" / "e2e" / name).resolve())
    except (ManifestError, SandboxError, SoftwareError, UnknownImageError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; every process has ended\n")
        return 130
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
