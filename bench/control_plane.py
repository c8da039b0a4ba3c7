"""The rehearsal on a control plane against the plain one, where its time goes, and every stack in one control plane.

Run by hand, after `make control-plane`: python bench/control_plane.py
"""

import json
import subprocess
import sys
import tempfile
import time
from itertools import count

from side_by_side import CLI, ROOT, compare

sys.path.insert(0, str(ROOT))

from catalog.load import load
from rehearsal.cluster.recorded import Recorded
from rehearsal.cluster.session import ClusterSession
from rehearsal.control_plane.binaries import find
from rehearsal.control_plane.plane import ControlPlane
from rehearsal.run import rehearse
from settings.file import read


def split() -> None:
    """Where the time of one rehearsal goes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [*CLI, "rehearse", "dev", "--control-plane", "--json", "--out", f"{folder}/out"]
        begun = time.perf_counter()
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        whole = time.perf_counter() - begun
    report = json.loads(said)["controlPlane"]
    seconds = report["outcome"]["up"]["seconds"]
    print(
        f"rehearse dev --control-plane: {whole:.1f} s; start {report['start']:.1f} s (beside the plain rehearsal), "
        f"apply {seconds['apply']:.2f} s, schedule {seconds['schedule']:.2f} s, ready {seconds['ready']:.1f} s"
    )


def every_stack() -> None:
    """Each stack up and down in one control plane."""
    numbers = count(1)
    with ControlPlane(find()) as access:
        for file in sorted(ROOT.glob("Pulumi.*.yaml")):
            given = read(file)
            given.sections["namespace"] = f"llm-{next(numbers)}"
            rehearsed = rehearse(given, ROOT / "__main__.py")
            if rehearsed.plan is None or rehearsed.recording is None:
                print(f"{given.stack}: not ready")
                continue
            with access.api() as api:
                session = ClusterSession(api, load())
                begun = time.perf_counter()
                up = session.up(Recorded(rehearsed.plan, rehearsed.recording.registrations))
                taken = time.perf_counter() - begun
                down = session.down()
            print(f"{given.stack}: up {taken:.1f} s{'' if up.ready else ' (not ready)'}, down {down.seconds:.1f} s")


if __name__ == "__main__":
    plain = (*CLI, "rehearse", "dev")
    with_plane = (*plain, "--control-plane")
    compare("rehearse dev --control-plane", plain, with_plane, rounds=3)
    split()
    every_stack()
