"""Ollama from its Go module, and the tiny model in the form that it keeps models in."""

import hashlib
import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from e2e import software, weights
from e2e.sandbox import InstalledSoftware
from e2e.weights import Store
from tools.binaries import default_cache

MODULE = "github.com/ollama/ollama"
TEMPLATE = "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
CONTEXT = 1 << 20
_REGISTRY = ("registry.ollama.ai", "library")
_MEDIA = "application/vnd.ollama.image"
_TEXT, _NUMBER, _LIST = 8, 4, 9
"""Types of values in GGUF."""


def provide(version: str, say: software.Say) -> InstalledSoftware:
    """Ollama, built once, with a stand-in for the llama.cpp that it starts. Raises `SoftwareError`."""
    folder = default_cache() / "real" / f"ollama-{version}"
    with software.locked(folder):
        if not (folder / software.STAMP).exists():
            say(f"building Ollama {version} into {folder}, once; this takes minutes")
            shutil.rmtree(folder, ignore_errors=True)
            _build(version, folder / "bin" / "ollama")
            software.finish(folder)
        # Ollama looks for its helpers in ../lib/ollama.
        helpers = folder / "lib" / "ollama"
        helpers.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(software.STAND_INS / "ollama" / "llama_server.py", helpers / "llama_server.py")
        (helpers / "words.txt").write_text(weights.ANSWER, encoding="utf-8")
        python = Path(sys.executable).resolve()
        server = helpers / "llama-server"
        server.write_text(f'#!/bin/sh\nexec {python} {helpers}/llama_server.py "$@"\n', encoding="utf-8")
        server.chmod(0o755)
    base = python.parents[1]
    return InstalledSoftware(
        folders=(folder,) if base == Path("/usr") else (folder, base),
        path=(folder / "bin",),
        real=f"ollama {version}; a stand-in for the llama.cpp that it starts answers with known words",
    )


def _build(version: str, program: Path) -> None:
    source = _source(version)
    with TemporaryDirectory() as work:
        copy = Path(work) / "ollama"
        # A module is built as the main one only outside the module cache, which is read-only.
        shutil.copytree(source, copy, copy_function=shutil.copyfile)
        flags = f"-s -w -X {MODULE}/version.Version={version}"
        line = ["go", "build", "-trimpath", "-ldflags", flags, "-o", str(program), "."]
        software.run(line, f"Ollama {version}", cwd=copy)


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


def make_model(store: Store) -> None:
    """Put a model into Ollama's store under the name that the stack asks for, as a pull leaves it: blobs by their
    digests, and a manifest that names them."""
    config = {"model_format": "gguf", "model_family": "qwen2", "model_families": ["qwen2"], "model_type": "tiny"}
    layers = [
        _blob(store.folder, f"{_MEDIA}.model", gguf()),
        _blob(store.folder, f"{_MEDIA}.template", TEMPLATE.encode()),
    ]
    docker = "application/vnd.docker"
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{docker}.distribution.manifest.v2+json",
        "config": _blob(store.folder, f"{docker}.container.image.v1+json", json.dumps(config).encode()),
        "layers": layers,
    }
    name, _, tag = store.model.partition(":")
    file = store.folder.joinpath("manifests", *_REGISTRY, name, tag or "latest")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(manifest), encoding="utf-8")


def _blob(folder: Path, kind: str, content: bytes) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    file = folder / "blobs" / f"sha256-{digest}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}


def gguf() -> bytes:
    """A GGUF file (version 3) of a Qwen2 with its properties, one word and one tensor: what Ollama itself reads."""
    sizes = {
        "context_length": CONTEXT,
        "embedding_length": 128,
        "block_count": 2,
        "feed_forward_length": 256,
        "attention.head_count": 4,
        "attention.head_count_kv": 2,
    }
    pairs = [
        _text("general.architecture") + struct.pack("<I", _TEXT) + _text("qwen2"),
        _text("general.file_type") + struct.pack("<II", _NUMBER, 0),
        *(_text(f"qwen2.{name}") + struct.pack("<II", _NUMBER, value) for name, value in sizes.items()),
        _text("tokenizer.ggml.model") + struct.pack("<I", _TEXT) + _text("gpt2"),
        _text("tokenizer.ggml.tokens") + struct.pack("<IIQ", _LIST, _TEXT, 1) + _text("a"),
    ]
    tensor = _text("token_embd.weight") + struct.pack("<IQQIQ", 2, 128, 1, 0, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, len(pairs)) + b"".join(pairs) + tensor
    padding = -len(head) % 32
    return head + bytes(padding) + bytes(128 * 4)


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()
