"""`tke-llm model add`: describes a model outside the catalogue from its files."""

import json
import sys
from pathlib import Path

from cli.report import dump
from planner.model_config import ConfigError, architecture


def add(path: Path, weights_gib: float | None, *, as_json: bool) -> int:
    """Print the `architecture` block for the model whose ``config.json`` (or folder) is at `path`; 1 where it cannot be
    read, 2 where the size of the weights is not known."""
    file = path / "config.json" if path.is_dir() else path
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        size = weights_gib or _weights_gib(file.parent)
        if size is None:
            sys.stderr.write(f"{file.parent} holds neither weights nor an index of them; give --weights-gib\n")
            return 2
        found = architecture(config, size)
    except (OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}\n")
        return 1
    except json.JSONDecodeError as error:
        sys.stderr.write(f"{file} is no JSON: {error.msg} in line {error.lineno}\n")
        return 1
    except ConfigError as error:
        sys.stderr.write(f"{file}: {error}\n")
        return 1
    block = found.model_dump(by_alias=True, exclude_none=True)
    if as_json:
        dump({"architecture": block})
        return 0
    rows = "".join(f"  {key}: {value}\n" for key, value in block.items())
    sys.stdout.write(f"# below the model in `tke-llm:models`\narchitecture:\n{rows}")
    return 0


def _weights_gib(folder: Path) -> float | None:
    """GiB of the weights: from the index of the safetensors files, else from the files that are there."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        metadata = json.loads(index.read_text(encoding="utf-8")).get("metadata", {})
        total = metadata.get("total_size")
        if isinstance(total, int | float) and total > 0:
            return total / 2**30
    files = [*folder.glob("*.safetensors"), *folder.glob("*.bin"), *folder.glob("*.gguf")]
    return sum(file.stat().st_size for file in files) / 2**30 if files else None
