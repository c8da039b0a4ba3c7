"""`python -m cli` is `tke-llm`."""

from cli.main import run

run()
