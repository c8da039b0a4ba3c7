"""What holds for all tests.

Property tests take the same examples on every CI run, so that a red run can be repeated; elsewhere new ones.
"""

import os
import signal

from hypothesis import settings

# A shell starts what runs in the background deaf to Ctrl-C, and so would be every command that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The command speaks English here, whatever the tester's own language; so do the processes that tests start.
os.environ["LC_ALL"] = "C.UTF-8"

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
