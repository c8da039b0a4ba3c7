"""The model that `make e2e` puts into Ollama's store is whole, as a pull leaves it."""

import hashlib
import json
import struct
from pathlib import Path

from e2e import ollama
from e2e.weights import Store


def store(folder: Path) -> Store:
    return Store("chat-download", "deepseek-r1:7b", "ollama", folder, folder / ".complete")


def test_the_manifest_names_blobs_that_are_there_with_their_digests_and_sizes(tmp_path):
    ollama.make_model(store(tmp_path))
    manifest = json.loads((tmp_path / "manifests/registry.ollama.ai/library/deepseek-r1/7b").read_text("utf-8"))
    for each in (manifest["config"], *manifest["layers"]):
        content = (tmp_path / "blobs" / each["digest"].replace(":", "-")).read_bytes()
        assert len(content) == each["size"]
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == each["digest"]


def test_the_weights_are_a_gguf_file_whose_tensor_starts_on_a_boundary_of_32_bytes():
    content = ollama.gguf()
    assert struct.unpack_from("<4sIQQ", content) == (b"GGUF", 3, 1, 10)
    assert len(content) % 32 == 0
