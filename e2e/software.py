"""Brings the software of the images onto this machine, once, into the cache."""

import fcntl
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from catalog.load import load
from e2e.mapping import HERE, StandIn
from e2e.sandbox import InstalledSoftware
from tools.binaries import default_cache

PYTHON = ">=3.11,<3.13"
"""What both vLLM and Open WebUI run on."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
STAND_INS = HERE / "stand_ins"
SCRIPTS = HERE / "scripts"
"""Run by the Python of an installed software, which holds what they import."""
STAMP = ".complete"
_VERSION = re.compile(r"v?(\d+(?:\.\d+)+(?:\.post\d+)?)")


class SoftwareError(Exception):
    """Something is missing, or could not be installed; the message says how to get it."""


Say = Callable[[str], None]


def chromium() -> Path:
    """The browser. Raises `SoftwareError` where there is none."""
    for name in CHROMIUM:
        if found := shutil.which(name):
            return Path(found)
    raise SoftwareError("Chromium is not installed. Debian: apt-get install chromium; Ubuntu: a Google Chrome serves.")


def version(image: StandIn) -> str:
    """The version in an image's tag: v0.29.0-cu129 is 0.29.0. Raises `SoftwareError`."""
    if match := _VERSION.match(image.tag):
        return match.group(1)
    raise SoftwareError(f"no version can be read from the tag {image.tag} of {image.program}")


def provide_all(images: Iterable[StandIn], say: Say) -> Mapping[str, InstalledSoftware]:
    """The software of every image, by the program's name, installed where it is not in the cache.

    Raises `SoftwareError`.
    """
    wanted = {image.program: image for image in images}
    provided: dict[str, InstalledSoftware] = {}
    for program, image in wanted.items():
        if program == "ollama":
            from e2e import ollama  # noqa: PLC0415

            provided[program] = ollama.provide(version(image), say)
        elif program == "sglang":
            provided[program] = _sglang(image, environment("vllm", default_vllm(), say))
        else:
            folder = environment(program, version(image), say)
            provided[program] = InstalledSoftware(
                folders=_with_python(folder), path=(folder / "bin",), real=f"{program} {version(image)}"
            )
    return provided


def environment(program: str, wanted: str, say: Say) -> Path:
    """A virtual environment that holds a program, whole: an interrupted installation is done again."""
    folder = default_cache() / "real" / f"{program}-{wanted}"
    known = _known()[program]
    with locked(folder):
        if (folder / STAMP).exists():
            return folder
        if _whole(folder, known, wanted):
            finish(folder)
            return folder
        say(f"installing {program} {wanted} into {folder}, once; this takes minutes and gigabytes")
        shutil.rmtree(folder, ignore_errors=True)
        run([*uv(), "venv", "--quiet", "--python", PYTHON, str(folder)], f"{program} {wanted}")
        for packages in known["packages"]:
            asked = [each.format(version=wanted) for each in packages]
            run([*uv(), "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), *asked], program)
        if not _whole(folder, known, wanted):
            raise SoftwareError(f"{program} {wanted} was installed into {folder} and cannot be imported")
        finish(folder)
    return folder


def finish(folder: Path) -> None:
    """A container's user is another one than ours, and some files of an environment are for their owner alone."""
    run(["chmod", "-R", "a+rX", str(folder)], str(folder))
    (folder / STAMP).touch()


def run(line: list[str], what: str, **options: Any) -> None:  # noqa: ANN401
    """Run a step of an installation. Raises `SoftwareError` with the end of what it said."""
    try:
        done = subprocess.run(line, capture_output=True, text=True, check=False, **options)
    except OSError as error:
        raise SoftwareError(f"{what} was not installed: {error}") from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-8:]
        raise SoftwareError("\n".join([f"{what} was not installed:", *said]))


def uv() -> list[str]:
    """The uv that make uses: on PATH, else in .tools."""
    root = HERE.parent
    for path in (shutil.which("uv"), root / ".tools" / "bin" / "uv"):
        if path and Path(path).exists():
            return [str(path)]
    raise SoftwareError("uv is not installed; `make .venv/run.stamp` brings it")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Of two runs at once, the second waits and finds the work done."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@cache
def _known() -> Mapping[str, Any]:
    return yaml.safe_load((HERE / "software.yaml").read_text(encoding="utf-8"))


def _whole(folder: Path, known: Mapping[str, Any], wanted: str) -> bool:
    python = folder / "bin" / "python"
    if not python.exists():
        return False
    script = (
        f"import importlib.metadata as m, importlib.util as u; "
        f"assert m.version({known['distribution']!r}) == {wanted!r}; assert u.find_spec({known['imports']!r})"
    )
    return subprocess.run([str(python), "-c", script], capture_output=True, check=False).returncode == 0


def _with_python(folder: Path) -> tuple[Path, ...]:
    """A virtual environment and the Python that it was made from, where that is not the system's."""
    base = (folder / "bin" / "python").resolve().parents[1]
    return (folder,) if base == Path("/usr") else (folder, base)


def _sglang(image: StandIn, engine: Path) -> InstalledSoftware:
    return InstalledSoftware(
        folders=(*_with_python(engine), STAND_INS),
        path=(engine / "bin",),
        real=f"vLLM on a CPU stands in for SGLang {version(image)}, whose kernels come for GPUs alone",
        env={"PYTHONPATH": str(STAND_INS)},
    )


def make_model(folder: Path, words: str, say: Say) -> None:
    """Write the tiny model into a folder, by vLLM's own Python. Raises `SoftwareError`."""
    python = environment("vllm", default_vllm(), say) / "bin" / "python"
    run([str(python), str(SCRIPTS / "tiny_model.py"), str(folder), words], "the tiny model")


def default_vllm() -> str:
    """The version of the vLLM that is used where the stack itself names none."""
    chosen = next(each for each in load().images if each.engine == "vllm" and each.default)
    return chosen.tag.removeprefix("v")
