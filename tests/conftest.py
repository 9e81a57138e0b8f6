"""Settings that hold for every ring."""

import signal

from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as shells start what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests press Ctrl-C, in programs they start as well

# Two workers share the cores with containers: an example may be slow without being wrong.
settings.register_profile("harness", deadline=None)
settings.load_profile("harness")
