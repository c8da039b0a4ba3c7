"""The hubs' clients that the engines' images hold, installed side by side into the cache.

The images name no versions but vLLM's floor for huggingface_hub, and SGLang's by transformers: pip took the newest that
fitted when the image was built. They are resolved as of the hour in which the engine's wheel appeared on PyPI
(vllm-project/vllm docker/Dockerfile: `uv pip install … modelscope`; sglang's wheel requires modelscope).
"""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tke-llm" / "hub-clients"


@dataclass(frozen=True)
class Clients:
    """Versions of one image, and the time before which the rest of their packages appeared."""

    image: str
    before: str
    hugging_face: str
    xet: str
    modelscope: str

    @property
    def requirements(self) -> list[str]:
        return [f"huggingface_hub=={self.hugging_face}", f"hf_xet=={self.xet}", f"modelscope=={self.modelscope}"]


IMAGES = (
    Clients("vllm-0.8.5", "2025-04-29T00:00:00Z", "0.30.2", "1.0.5", "1.25.0"),
    Clients("sglang-0.5.18", "2026-08-21T21:00:00Z", "1.28.0", "1.6.0", "1.39.1"),
    Clients("vllm-0.29.0", "2026-09-09T09:00:00Z", "1.30.0", "1.6.0", "1.40.0"),
)


def installed(clients: Clients) -> Path:
    """The folder that goes on PYTHONPATH; fetched from PyPI once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = CACHE / "-".join([clients.image, python, *(each.partition("==")[2] for each in clients.requirements)])
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            draft = folder.with_suffix(".part")
            shutil.rmtree(draft, ignore_errors=True)
            uv = os.environ.get("UV") or shutil.which("uv") or "uv"
            command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(draft)]
            subprocess.run([*command, "--exclude-newer", clients.before, *clients.requirements], check=True)
            draft.rename(folder)
    return folder
