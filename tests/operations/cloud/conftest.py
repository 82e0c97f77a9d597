"""Fixtures of the clouds' control."""

from __future__ import annotations

import pytest

from operations.cloud import wait


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits ten seconds for a cloud that is made up."""
    monkeypatch.setattr(wait, "POLL_SECONDS", 0.01)
