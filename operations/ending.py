"""How a command ends that is told to: by an exception, so that what it has begun is cleared away."""

from __future__ import annotations

import signal
import sys


def end_tidily() -> None:
    """SIGTERM, and SIGHUP (a lost terminal) unless it is ignored (nohup), end this process by SystemExit, 128 + n."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda got, _: sys.exit(128 + got))
