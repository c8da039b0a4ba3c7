"""The command as a person types it, in this process."""

from functools import cache

import typer.testing
from typer.main import get_command
from typer.testing import CliRunner, Result

from cli.main import app

# Typer builds the parser of all commands anew for each call, which takes ten times what most calls take.
typer.testing._get_command = cache(get_command)  # pyright: ignore[reportPrivateImportUsage]


def command(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))
