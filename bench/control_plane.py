"""The rehearsal on a control plane against the plain one, and where its time goes.

Run by hand, after `make control-plane engine controllers`: python bench/control_plane.py [STACK …]
"""

import json
import subprocess
import sys
import tempfile
import time

from side_by_side import CLI, ROOT, compare


def split(stack: str) -> None:
    """Where the time of one rehearsal goes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*CLI, "rehearse", stack, "--control-plane", "--json", "--out", f"{folder}/out"]
        begun = time.perf_counter()
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        whole = time.perf_counter() - begun
    report = json.loads(said)["controlPlane"]
    steps = ", ".join(f"{step['title']} {step['seconds']:.1f} s" for step in report["steps"])
    print(f"{stack}: {whole:.1f} s; start {report['start']:.1f} s (beside the plain rehearsal), {steps}")


if __name__ == "__main__":
    for name in sys.argv[1:] or ["dev"]:
        plain = (*CLI, "rehearse", name)
        compare(f"rehearse {name} --control-plane", plain, (*plain, "--control-plane"), rounds=3)
        split(name)
