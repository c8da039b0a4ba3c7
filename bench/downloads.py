"""Downloads by the real clients over a limited link: share of the link that is used, and bytes that are fetched twice.

From the first byte to the last, with the clients of each image, from hubs played on loopback. Run by hand, on a quiet
machine: python bench/downloads.py
"""

import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.downloads.clients import IMAGES  # noqa: E402  the rooms lie beside this folder
from tests.downloads.conftest import Job, finished, made_certificate, model  # noqa: E402
from tests.downloads.hub import FakeHub, serving  # noqa: E402

RATE = 20e6
SHARD = 16 << 20
CUT = 0.97


def first_and_last(hub: FakeHub, process: subprocess.Popen[str]) -> float:
    """Seconds from the first byte of a large file to the last byte of all."""
    while hub.total < 1 << 16 and process.poll() is None:
        time.sleep(0.005)
    start = time.monotonic()
    while hub.total < hub.size and process.poll() is None:
        time.sleep(0.005)
    return time.monotonic() - start


def measure(job: Job, *, cut: bool, kill: bool) -> str:
    hub = job.hub
    hub.rate = RATE
    if cut:
        hub.cut_after, hub.hold = int(CUT * hub.size), kill
    process = job.start()
    seconds = [0.0]
    clock = threading.Thread(target=lambda: seconds.append(first_and_last(hub, process)))
    clock.start()
    if kill:
        hub.was_cut.wait(600)
        process.kill()
        process.wait()
    run = finished(process) if not kill else job.run(MODEL_LOCK_SECONDS="3")
    clock.join()
    if run.code:
        return f"failed: {run.output.splitlines()[-1]}"
    again = f"{(hub.total - hub.size) / 1e6:.1f} MB twice"
    return again if cut else f"{100 * hub.size / RATE / seconds[-1]:.1f} % of the link, {again}"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        certificate = made_certificate(Path(folder))
        for clients in IMAGES:
            for source in ("huggingface", "modelscope"):
                for name, cut, kill in (("plain", False, False), ("link broken", True, False), ("killed", True, True)):
                    place = Path(tempfile.mkdtemp(dir=folder))
                    with serving(FakeHub(model(SHARD)), certificate) as hub:
                        job = Job(source, clients, hub, place, certificate)
                        print(f"{clients.image} {source} {name}: {measure(job, cut=cut, kill=kill)}", flush=True)


main()
