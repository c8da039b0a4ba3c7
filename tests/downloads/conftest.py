"""A hub, a store, and the download Job's script with the clients of an image."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from components.workloads.model_download import settings_env
from components.workloads.scripts import download_model
from tests.components.plans import DOWNLOAD
from tests.downloads.clients import IMAGES, Clients, installed
from tests.downloads.hub import REPOSITORY, FakeHub, serving

SCRIPTS = Path(download_model.__file__).parent
WORKERS = 4
QUICK = "import download_model as script; script.PAUSES = (0.1, 0.1, 0.1); script.run()"
"""The program as it stands, without its pauses between attempts."""


@dataclass(frozen=True)
class DownloadRun:
    code: int
    output: str


@dataclass(frozen=True)
class Job:
    """The script with one image's clients, against one hub."""

    source: str
    clients: Clients
    hub: FakeHub
    folder: Path
    certificate: Path

    @property
    def store(self) -> Path:
        return self.folder / "store" / DOWNLOAD.directory

    @property
    def marker(self) -> Path:
        return self.folder / "store" / DOWNLOAD.marker

    def environ(self, **changes: str) -> dict[str, str]:
        """What the Job gives its container, with the store, the hub and the scratch folder of this test."""
        host = self.hub.address.partition("://")[2]
        download = replace(DOWNLOAD, source=self.source, repository=REPOSITORY, workers=WORKERS, elastic=True)
        if self.source == "huggingface":
            download = replace(download, endpoint=self.hub.address)
        return {
            **dict(settings_env(download)),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(installed(self.clients)), str(SCRIPTS)]),
            "MODEL_DIRECTORY": str(self.store),
            "MODEL_MARKER": str(self.marker),
            "MODEL_BYTES": str(self.hub.size),
            "HOME": str(self.folder / "home"),
            "MODELSCOPE_DOMAIN": host,
            "SSL_CERT_FILE": str(self.certificate),
            "REQUESTS_CA_BUNDLE": str(self.certificate),
            **changes,
        }

    def start(self, *before: str, **changes: str) -> subprocess.Popen[str]:
        (self.folder / "home").mkdir(exist_ok=True)
        return subprocess.Popen(
            [*before, sys.executable, "-c", QUICK],
            env=self.environ(**changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *before: str, **changes: str) -> DownloadRun:
        return finished(self.start(*before, **changes))

    def is_whole(self) -> bool:
        """Whether every file is as the hub has it, and the marker names them all."""
        files = json.loads(self.marker.read_text())["files"]
        return files == {name: len(content) for name, content in self.hub.files.items()} and all(
            (self.store / name).read_bytes() == content for name, content in self.hub.files.items()
        )


def finished(process: subprocess.Popen[str]) -> DownloadRun:
    output, _ = process.communicate(timeout=400)
    return DownloadRun(process.returncode, output)


def shard(size: int, seed: int) -> bytes:
    """A safetensors file with one tensor of `size` bytes, unlike any other's."""
    header = json.dumps({"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes([seed]) * size


SHARDS = [f"model-0000{number}-of-00008.safetensors" for number in range(1, 9)]


def model(size: int = 1 << 20) -> dict[str, bytes]:
    """A model of eight shards of `size` bytes with what belongs to it."""
    index = json.dumps({"weight_map": {f"w{number}": name for number, name in enumerate(SHARDS)}}).encode()
    small = {"config.json": b"{}", "tokenizer/merges.txt": b"a b", "model.safetensors.index.json": index}
    return small | {name: shard(size, number) for number, name in enumerate(SHARDS)}


def made_certificate(folder: Path) -> Path:
    """A certificate for this machine, with its key, in one file."""
    made = [folder / "key.pem", folder / "certificate.pem"]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", str(made[0]), "-out", str(made[1]), "-days", "2", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*command, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text("".join(path.read_text() for path in made))
    return both


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=IMAGES, ids=lambda clients: clients.image)
def clients(request: pytest.FixtureRequest) -> Clients:
    return request.param


@pytest.fixture(params=["huggingface", "modelscope"])
def job(request: pytest.FixtureRequest, clients: Clients, tmp_path: Path, certificate: Path) -> Iterator[Job]:
    with serving(FakeHub(model()), certificate) as hub:
        yield Job(request.param, clients, hub, tmp_path, certificate)
