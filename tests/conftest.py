"""Fixtures for all test folders."""

from __future__ import annotations

import gc
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.local.host import sweep
from tests.memory import use_memory
from tests.processes import Sandbox
from tests.support import LocalPostgres, running_postgres

use_memory()

# A shell starts its background jobs with SIGINT ignored, and so would be every command that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test over all clouds that are missing has nothing to do when none is; that is no skipped test."""
    empty = "empty parameter set"
    items[:] = [item for item in items if not any(empty in str(mark.kwargs) for mark in item.iter_markers("skip"))]


def pytest_collection_finish() -> None:
    """What the modules hold is no garbage; looking for it there took a sixth of the time of all tests."""
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)


@pytest.fixture(scope="session")
def local_postgres() -> Iterator[LocalPostgres]:
    """A real PostgreSQL 17 (one primary) with database and users of the app ``shop``, shared by the whole test session.

    Tests leave it as they find it: they make tables of their own, and stop nothing.
    """
    with running_postgres() as postgres:
        yield postgres


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A stack folder that no process outlives."""
    box = Sandbox(tmp_path.resolve())
    box.app.mkdir()
    yield box
    sweep.sweep(box.folder, grace=1)
    assert box.remains() == []
