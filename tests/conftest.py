"""What holds for all tests.

Property tests take the same examples on every CI run, so that a red run can be repeated; elsewhere new ones.
"""

import gc
import os
import signal
from collections.abc import Sequence

import pytest
from hypothesis import settings

# A shell starts what runs in the background deaf to Ctrl-C, and so would be every command that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The command speaks English here, whatever the tester's own language; so do the processes that tests start.
os.environ["LC_ALL"] = "C.UTF-8"

# What is imported and collected lives to the end. Looking through it for garbage again and again took a tenth of a run.
gc.disable()

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """With `--dist loadgroup` one worker runs all of a module that names no group: what a module's tests share, such as
    a control plane, is started once. What `make test` leaves out is marked as deep."""
    quick = {config.rootpath / each for each in config.getini("testpaths")}
    for item in items:
        if quick.isdisjoint(item.path.parents):
            item.add_marker("deep")
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
