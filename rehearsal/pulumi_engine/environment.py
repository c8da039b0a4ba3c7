"""A private place for the engine: its own home, state and environment, from which no real account can be reached."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from settings.translation import tr
from tools.binaries import locate

_CHECKOUT = Path(__file__).resolve().parents[2]


class MissingEngineError(Exception):
    """There is no pulumi on this machine; the message says what to do."""


def find(environ: Mapping[str, str] = os.environ) -> Path:
    """The pulumi program, from PATH or from the cache of `make engine`. Raises `MissingEngineError`."""
    located = locate("engine", environ=environ)
    if "pulumi" not in located.paths:
        hint = tr(
            "No pulumi on this machine yet: run `make engine` once. `tke-llm rehearse` without --engine needs none."
        )
        raise MissingEngineError("\n".join([*located.passed_over, hint]))
    return located.paths["pulumi"].resolve()


@dataclass(frozen=True)
class PrivateFolder:
    """The folders of one private place. `world` takes what the simulated cloud holds."""

    root: Path

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def world(self) -> Path:
        return self.root / "cloud" / "world"

    def stack_file(self, stack: str) -> Path:
        return self.work / f"Pulumi.{stack}.yaml"

    def checkpoint(self, project: str, stack: str) -> Path:
        """The engine's own state of a stack."""
        return self.state / ".pulumi" / "stacks" / project / f"{stack}.json"

    def furnish(self, pulumi: Path) -> None:
        """Make the folders. The engine's is the only program on the search path in them."""
        for name in ("home", "bin", "pulumi", "state", "work", "cloud", "tmp"):
            (self.root / name).mkdir(mode=0o700, exist_ok=True)
        link = self.root / "bin" / "pulumi"
        link.unlink(missing_ok=True)
        link.symlink_to(pulumi)

    def environment(self) -> dict[str, str]:
        """All that the engine and the program see of the outside. Nothing is taken over from the caller: no
        credentials, no kubeconfig, no access token, no proxy, no plugin on PATH."""
        return {
            "PATH": str(self.root / "bin"),
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "PYTHONPATH": str(_CHECKOUT),
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PULUMI_HOME": str(self.root / "pulumi"),
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            # An empty one is a passphrase too; without the variable the engine asks for it on the terminal.
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            # The engine is short-lived, and done before collecting garbage pays.
            "GOGC": "400",
        }
