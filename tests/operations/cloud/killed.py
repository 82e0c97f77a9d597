"""A command that is killed while it waits for a cloud."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at(look: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is inside ends at its pause number *look*, if it gets so far; the pauses before take no time."""
    before = iter(range(look - 1))

    def sleep(seconds: float) -> None:
        if next(before, None) is None:
            raise Killed

    with monkeypatch.context() as only:
        only.setattr(time, "sleep", sleep)
        try:
            yield
        except Killed:
            return
