"""Small work for a DatabaseManager."""

from __future__ import annotations

from contextlib import ExitStack

from runtime.database import DatabaseManager


def answer(db: DatabaseManager) -> int:
    with db.writer() as connection:
        row = connection.execute("SELECT 1 AS one").fetchone()
    assert row is not None
    return int(row["one"])


def fill(db: DatabaseManager, count: int) -> None:
    """Leaves *count* idle connections in the writer pool."""
    with ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(db.writer()).execute("SELECT 1")
