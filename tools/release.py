"""What a release is, checked and built: `python -m tools.release check|build|try`, by `make dist` and the workflow.

A release is the source archive, for a Pulumi program runs from its folder (docs/decisions/releases.md). Beside it lie a
list of all that `uv.lock` installs (CycloneDX), the changes as they are told, and the checksums. The same commit gives
the same bytes.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION = r"(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)"
_SECTION = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<date>\d{4}-\d{2}-\d{2}))?[ \t]*$", re.MULTILINE)
_LINK = re.compile(r"^\[[^\]]+\]: .*$", re.MULTILINE)
_EXPORT = ("export", "--locked", "--no-dev", "--quiet", "--preview-features", "sbom-export", "--format", "cyclonedx1.5")
"""uv's arguments for the list of what the program itself needs; the tests' and linters' groups are no part of it."""
_ADDED_BY_THE_BACKEND = "PKG-INFO"
SBOM = "sbom.cdx.json"
NOTES = "notes.md"
"""The changes of the release, which become the text of its page."""
_TRIED = (("new", "own", "--yes"), ("check", "own"), ("rehearse", "own"), ("explain", "ENGINE_TOO_NEW"), ("--version",))
"""What must work in an unpacked archive."""
_OURS = ("VIRTUAL_ENV", "PYTHONPATH", "MAKEFLAGS", "MFLAGS", "MAKELEVEL")
"""Variables that would lead from there back here."""


class ReleaseError(Exception):
    """What stands against a release, in words for the maintainer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is in order, 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(prog="python -m tools.release", description=__doc__)
    parser.add_argument("step", choices=("check", "build", "try"))
    parser.add_argument("--tag", default="", help="the tag of the release, such as v0.2.0")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    given = parser.parse_args(arguments)
    try:
        if given.step == "check":
            check(given.tag, ROOT)
        elif given.step == "build":
            build(given.tag, given.out, ROOT)
        else:
            attempt(given.out, ROOT)
    except ReleaseError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def check(tag: str, root: Path) -> None:
    """That the places that name the version agree, and with a tag that it is theirs and its changes are told. Raises
    `ReleaseError`."""
    version = version_of(root)
    found = problems(tag, version, _policy_version(root), changes(_changelog(root)))
    if found:
        raise ReleaseError("\n".join(found))
    _say(f"version {version}" + (f", tag {tag}, and CHANGELOG.md tells its changes" if tag else "; no tag was given"))


def version_of(root: Path) -> str:
    """The version of the project."""
    return str(tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def _policy_version(root: Path) -> str:
    text = (root / "policy" / "PulumiPolicy.yaml").read_text(encoding="utf-8")
    found = re.search(r"^version: (\S+)$", text, re.MULTILINE)
    return found[1] if found else ""


def _changelog(root: Path) -> str:
    try:
        return (root / "CHANGELOG.md").read_text(encoding="utf-8")
    except OSError as error:
        raise ReleaseError(f"CHANGELOG.md: {error.strerror}") from None


@dataclass(frozen=True)
class Changes:
    """A section of the changelog: its `date` as it is written, empty for what is not released; `text` without its
    heading."""

    date: str
    text: str


def changes(changelog: str) -> dict[str, Changes]:
    """The sections of a changelog in the form of keepachangelog.com, by version or ``Unreleased``."""
    found = list(_SECTION.finditer(changelog))
    ends = [each.start() for each in found[1:]] + [len(changelog)]
    return {
        each["name"]: Changes(each["date"] or "", _LINK.sub("", changelog[each.end() : end]).strip())
        for each, end in zip(found, ends, strict=True)
    }


def problems(tag: str, version: str, policy_version: str, told: Mapping[str, Changes]) -> list[str]:
    """What stands against releasing `version` as `tag`; without a tag, against building it."""
    found: list[str] = []
    if not re.fullmatch(VERSION, version):
        found.append(f"the version in pyproject.toml is {version}, not three numbers such as 0.2.0")
    if policy_version != version:
        found.append(f"pyproject.toml says {version}, and policy/PulumiPolicy.yaml {policy_version or 'no version'}")
    if not told:
        found.append("CHANGELOG.md has no section like `## [0.2.0] - 2026-11-28` or `## [Unreleased]`")
    if not tag:
        return found
    if tag != f"v{version}":
        found.append(f"the tag is {tag}, but pyproject.toml says {version}: a release of it is tagged v{version}")
    mine = told.get(version)
    if mine is None:
        found.append(f"CHANGELOG.md has no section `## [{version}] - <date>`; it has {', '.join(told) or 'none'}")
    elif not (mine.date and mine.text):
        found.append(f"the section of {version} in CHANGELOG.md has no date, or tells no change")
    return found


def build(tag: str, out: Path, root: Path) -> None:
    """Write archive, list of packages, changes and checksums into `out`. Raises `ReleaseError`."""
    check(tag, root)
    version = version_of(root)
    when = int(_run("git", "log", "-1", "--format=%ct", where=root))
    archive = _archive(when, root)
    out.mkdir(parents=True, exist_ok=True)
    told = changes(_changelog(root))
    notes = told.get(version) or told.get("Unreleased") or Changes("", "")
    files = {
        _name(version): archive,
        SBOM: sbom(_run(_uv(), *_EXPORT, where=root), when).encode(),
    }
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {each}\n" for each, content in files.items())
    for each, content in {**files, "SHA256SUMS": sums.encode(), NOTES: f"{notes.text}\n".encode()}.items():
        (out / each).write_bytes(content)
        _say(f"{each}: {len(content):,} bytes")


def _name(version: str) -> str:
    return f"tke-llm-{version}.tar.gz"


def _archive(when: int, root: Path) -> bytes:
    """The source archive, built twice: once would not show what the machine put into it."""
    with tempfile.TemporaryDirectory() as temporary:
        first, second = (_built(Path(temporary) / each, when, root) for each in ("first", "second"))
        content = first.read_bytes()
        if content != second.read_bytes():
            raise ReleaseError("the archive is another one each time that it is built")
        _same_files(first, root)
    return content


def _built(folder: Path, when: int, root: Path) -> Path:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(when)}
    _run(_uv(), "build", "--sdist", "--quiet", "--out-dir", str(folder), where=root, environment=environment)
    return next(folder.glob("*.tar.gz"))


def _same_files(archive: Path, root: Path) -> None:
    """That the archive holds every file of the repository, and none that is not in it."""
    with tarfile.open(archive) as opened:
        held = {each.partition("/")[2] for each in opened.getnames()} - {_ADDED_BY_THE_BACKEND}
    tracked = set(_run("git", "ls-files", "-z", where=root).split("\0")) - {""}
    for what, files in (("lacks", tracked - held), ("holds what git does not know:", held - tracked)):
        if files:
            raise ReleaseError(f"the archive {what} {', '.join(sorted(files)[:5])}")


def sbom(exported: str, when: int) -> str:
    """The list as uv exports it, but of the commit's time (seconds since 1970), and with a serial number that follows
    from the content."""
    document = json.loads(exported)
    document["metadata"]["timestamp"] = datetime.fromtimestamp(when, UTC).isoformat().replace("+00:00", "Z")
    document.pop("serialNumber", None)
    content = json.dumps(document, sort_keys=True)
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, content).urn
    return json.dumps(document, indent=2) + "\n"


def attempt(out: Path, root: Path) -> None:
    """Unpack the archive elsewhere and do with it what its README begins with. Raises `ReleaseError`."""
    archive = out / _name(version_of(root))
    if not archive.is_file():
        raise ReleaseError(f"{archive} is not there: `make dist` builds it")
    with tempfile.TemporaryDirectory() as temporary:
        with tarfile.open(archive) as opened:
            opened.extractall(temporary, filter="data")
        (folder,) = Path(temporary).iterdir()
        clean = {key: text for key, text in os.environ.items() if key not in _OURS}
        _run("make", "check", where=folder, environment=clean)
        for arguments in _TRIED:
            _run(str(folder / ".venv" / "bin" / "tke-llm"), *arguments, where=folder, environment=clean)
        if not (folder / "out" / "own" / "report.html").is_file():
            raise ReleaseError("from the archive `tke-llm rehearse` writes no report.html")
    _say(f"{archive.name}: from it `make check`, `tke-llm new`, `check`, `rehearse` and `explain` work")


def _uv() -> str:
    """uv, by the path that `uv run` tells its children."""
    return os.environ.get("UV", "uv")


def _run(*command: str, where: Path, environment: Mapping[str, str] | None = None) -> str:
    try:
        asked = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ReleaseError(f"{command[0]}: {error.strerror}") from None
    if asked.returncode != 0:
        raise ReleaseError(f"`{' '.join(command)}` failed:\n{(asked.stderr or asked.stdout).strip()[-2000:]}")
    return asked.stdout.strip()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
