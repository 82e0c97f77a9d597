"""Waiting for a cloud, and what the marks of copies are."""

from __future__ import annotations

import itertools
import re

import pytest

from operations.cloud import wait
from operations.cloud.copies import new_password
from operations.cloud.wait import wait_until
from operations.errors import OperationError


def test_what_changes_is_said_at_once_and_the_rest_each_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0, 20.0)
    monkeypatch.setattr(wait.time, "monotonic", lambda: next(clock))
    looks, lines = iter(["creating"] * 5 + ["backing up", ""]), list[str]()
    wait_until("shop-dev-drill-1", lambda: next(looks), lines.append, seconds=3600)
    assert lines == [
        "shop-dev-drill-1: creating (20 s)",
        "shop-dev-drill-1: creating (80 s)",
        "shop-dev-drill-1: backing up (120 s)",
    ]


def test_what_takes_too_long() -> None:
    with pytest.raises(OperationError) as found:
        wait_until("shop-dev-drill-1", lambda: "creating", lambda line: None, seconds=0)
    assert str(found.value) == (
        "shop-dev-drill-1: still creating after 0 minutes; nothing is lost, the same command again takes it up"
    )


def test_a_password_that_every_cloud_takes() -> None:
    """AWS: at most 41 characters, no / \" @. Cloud SQL: each kind of character. Nobody: a leading dash."""
    for password in {new_password() for _ in range(200)}:
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{31}", password)
        assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[-_]"))
