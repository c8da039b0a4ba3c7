"""`tke-llm check` on every stack against the imports that it cannot do without; `fit --all` against `check dev`.

Run by hand: python bench/check_dev.py
"""

import sys

from side_by_side import CLI, ROOT, compare

BASE = (sys.executable, "-c", "from pydantic import BaseModel; import typer, yaml")

for stack in sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml")):
    compare(f"check {stack}", BASE, (*CLI, "check", stack), target=1.6)
compare("fit --all", (*CLI, "check", "dev"), (*CLI, "fit", "--all", "--json"))
