"""What holds for all tests.

Property tests take the same examples on every CI run, so that a red run can be repeated; elsewhere new ones.
"""

import os
import signal

from hypothesis import settings

# A shell starts what runs in the background deaf to Ctrl-C, and so would be every command that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
