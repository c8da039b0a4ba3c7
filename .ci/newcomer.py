"""The commands of pages as a shell script: what a newcomer types, in order, each shown before it runs."""

import re
import shlex
import sys
from pathlib import Path

REPLACED = {
    "curl -fsSL https://get.pulumi.com | sh": "pulumi version",
    "pulumi plugin install resource tencentcloud": "true",
    "curl -4 -fsS https://ifconfig.me": "echo 198.51.100.7",
}
"""What reaches for more than a package index, by how it begins, and what runs in its place."""

LAST = "pulumi preview"
REFUSAL = r"plugin|credential"
"""What the page says the preview asks for on a machine that lacks it."""


def commands(text: str) -> list[str]:
    """Every command from the first on to the preview, without comments; what shows output is an example."""
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    typed_blocks = [block.splitlines() for block in blocks if re.fullmatch(r"(\$ .*\n)+", block)]
    lines = [line[2:] for block in typed_blocks for line in block]
    typed = [re.sub(r"\s+#\s.*$", "", line) for line in lines]
    typed = typed[typed.index("make demo") :]
    return typed[: typed.index(LAST) + 1]


def replaced(command: str) -> str:
    """The command as it runs here."""
    for begin, instead in REPLACED.items():
        if command.startswith(begin):
            return instead
        command = command.replace(f"$({begin})", f"$({instead})")
    return command


def script(text: str) -> str:
    """Bash that runs all of them; the last must refuse, and say for want of what."""
    parts = ["export PULUMI_SKIP_UPDATE_CHECK=true"]
    for command in commands(text):
        run = replaced(command)
        note = f"$ {command}" + ("" if run == command else f"    (here: {run})")
        parts.append(f"echo {shlex.quote(note)}")
        if command == LAST:
            said = f'if said=$({run} 2>&1); then echo "$said"; echo "the preview ran without an account"; exit 1; fi'
            parts += [said, 'echo "$said" | tail -n 5', f'echo "$said" | grep -qiE {shlex.quote(REFUSAL)}']
        else:
            parts.append(run)
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(script("".join(Path(name).read_text(encoding="utf-8") for name in sys.argv[1:])))
