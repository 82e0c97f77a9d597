"""Stacks that are up without an engine: what their last ``up`` would have put out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from operations import stack
from operations.engine.checkout import Checkout
from operations.stack import DeployedStack


def put_out(monkeypatch: pytest.MonkeyPatch, handles: Mapping[str, Any]) -> None:
    """Every stack is up, and has *handles*."""
    monkeypatch.setattr(
        stack,
        "deployed",
        lambda name: DeployedStack(checkout=Checkout(Path()), name=name, outputs={}, handles=handles),
    )
