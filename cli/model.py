"""`tke-llm model add`: describes a model outside the catalogue from its files."""

import json
import re
from dataclasses import replace
from math import inf
from pathlib import Path

from catalog.load import load as load_catalog
from cli.language import tr, translate
from cli.report import dump
from cli.text import complain, put
from planner.model.config import Description, describe, first_releases
from planner.model.figures import ConfigError

_PART = re.compile(r"-\d{5}-of-\d{5}(?=\.gguf$)")
"""How the parts of one GGUF file are told apart (llama.cpp, gguf-split)."""


def add(path: Path, weights_gib: float | None, *, as_json: bool) -> int:
    """Print the `architecture` block for the model whose ``config.json`` (or folder) is at `path`; 1 where it cannot be
    read, 2 where the size of the weights is not known."""
    file = path
    try:
        file = path / "config.json" if path.is_dir() else path
        config = _json(file)
        size = weights_gib or _weights_gib(file.parent)
        if size is None:
            complain(
                tr(
                    "{folder} does not hold the weights of one model, nor an index of them; give --weights-gib",
                    folder=file.parent,
                )
            )
            return 2
        found = describe(config, size, beside=_beside(file.parent, "hf_quant_config.json"), pools=_pools(file.parent))
        releases = first_releases(config, load_catalog())
    except (ConfigError, OSError) as error:
        complain(f"{file}: {error.strerror if isinstance(error, OSError) else error}")
        return 1
    _tell(replace(found, architecture=found.architecture.model_copy(update=releases)), as_json=as_json)
    return 0


def _tell(found: Description, *, as_json: bool) -> None:
    block = found.architecture.model_dump(by_alias=True, exclude_unset=True)
    task = {} if found.task == "chat" else {"task": found.task}
    if as_json:
        dump({**task, "architecture": block, **({"notes": found.notes} if found.notes else {})})
        return
    notes = "".join(f"# {translate(note)}\n" for note in found.notes)
    above = "".join(f"{key}: {value}\n" for key, value in task.items())
    rows = "".join(f"  {key}: {value}\n" for key, value in block.items())
    head = tr("# below the model in `tke-llm:models`")
    put(f"{head}\n{notes}{above}architecture:\n{rows}")


def _beside(folder: Path, name: str) -> object:
    """What another file of the repository says; None where there is none."""
    return _json(folder / name) if (folder / name).is_file() else None


def _pools(folder: Path) -> bool:
    """Whether sentence-transformers makes one vector of a text with the model."""
    modules = _beside(folder, "modules.json")
    kinds = [each.get("type") for each in modules if isinstance(each, dict)] if isinstance(modules, list) else []
    return any(str(kind).endswith(".Pooling") for kind in kinds)


def _weights_gib(folder: Path) -> float | None:
    """GiB of the weights: from the index of the safetensors files, else from the files that are there. GGUF files are
    each a model of its own, in a quantisation of its own, but for the parts of one; None where there are several."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        whole = _json(index)
        metadata = whole.get("metadata") if isinstance(whole, dict) else None
        total = metadata.get("total_size") if isinstance(metadata, dict) else None
        if isinstance(total, int | float) and 0 < total < inf:
            return total / 2**30
    files = [*folder.glob("*.safetensors"), *folder.glob("*.bin")]
    if not files:
        files = [*folder.glob("*.gguf")]
        if len({_PART.sub("", file.name) for file in files if not file.name.startswith("mmproj")}) > 1:
            return None
    size = sum(file.stat().st_size for file in files if file.is_file())
    return size / 2**30 if size else None


def _json(file: Path) -> object:
    """Raises `ConfigError` for a file that cannot be read or holds no JSON."""
    try:
        if file.exists() and not file.is_file():
            raise ConfigError(tr("{name} is no regular file", name=file.name))
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(tr("{name} cannot be read: {why}", name=file.name, why=error.strerror)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(tr("{name} cannot be read: it is not UTF-8 text", name=file.name)) from error
    except json.JSONDecodeError as error:
        raise ConfigError(
            tr("{name} is no JSON: {why} in line {line}", name=file.name, why=error.msg, line=error.lineno)
        ) from error
    except (RecursionError, ValueError) as error:
        raise ConfigError(
            tr("{name} is nested too deeply, or holds a number that is too long", name=file.name)
        ) from error
