"""A stack folder that no process outlives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.local.host import sweep
from tests.processes import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    box = Sandbox(tmp_path.resolve())
    box.app.mkdir()
    yield box
    sweep.sweep(box.folder, grace=1)
    assert box.remains() == []
