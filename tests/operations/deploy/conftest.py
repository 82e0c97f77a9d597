"""The stack of a test, made of the real stack files."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from operations import cloud, stack, up
from operations.deploy import watch
from operations.engine import checkout
from operations.engine.checkout import Checkout
from tests.checkout import ROOT
from tests.operations.deploy.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    (tmp_path / "migrations").mkdir()
    made = World(tmp_path)
    monkeypatch.setattr(checkout, "find_checkout", lambda: Checkout(tmp_path))
    monkeypatch.setattr(stack, "deployed", made.deployed)
    monkeypatch.setattr(up, "up", made.up)
    monkeypatch.setattr(cloud, "service_control", lambda handles: made)
    monkeypatch.setattr(watch, "POLL_SECONDS", 0.0)
    return made
