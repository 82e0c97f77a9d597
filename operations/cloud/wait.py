"""Waiting for a cloud: long, patient, and with a line of progress whenever something has changed or a minute has gone by."""

from __future__ import annotations

import time
from collections.abc import Callable

from operations.cloud.contract import Say
from operations.errors import OperationError

POLL_SECONDS = 10.0
"""Pause between two looks: copies and failovers take minutes, and clouds throttle those who ask more often."""
TELL_SECONDS = 60.0
"""A line of progress at least so often."""

Look = Callable[[], str]
"""What is still missing, in a few words; empty when nothing is."""


def wait_until(what: str, look: Look, say: Say, *, seconds: float) -> None:
    """Looks until nothing is missing. *what*: ``snapshot before-upgrade``.

    Raises OperationError after *seconds*: the cloud goes on by itself, and the same command takes it up again.
    """
    begun = told = time.monotonic()
    last = ""
    while missing := look():
        now = time.monotonic()
        if missing != last or now - told >= TELL_SECONDS:
            say(f"{what}: {missing} ({now - begun:.0f} s)")
            last, told = missing, now
        if now - begun >= seconds:
            raise OperationError(
                f"{what}: still {missing} after {seconds / 60:.0f} minutes; nothing is lost, the same command again takes it up"
            )
        time.sleep(POLL_SECONDS)
