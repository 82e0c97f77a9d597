"""Two of one command at once, of those that have no lock of their own: nobody is left with half of it, or with a traceback."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from operations import roles
from operations.backup.create import create_backup
from operations.backup.stores import store_of
from operations.errors import Refused
from operations.migrate import new

Start = Callable[..., subprocess.Popen[str]]


def twice(start: Start, *words: str, **environ: str) -> list[tuple[int, str]]:
    """Exit code and standard error of both, the good one first."""
    both = [start(*words, **environ) for _ in range(2)]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert "Traceback" not in "".join(said)
    return sorted((process.returncode, text) for process, text in zip(both, said, strict=True))


def test_prune(database: Any, start: Start, tmp_path: Path) -> None:
    """The second finds nothing any more, or is told that the first is at work."""
    store, now = store_of({}, str(tmp_path)), datetime.now(UTC)
    for days in (50, 45, 40):
        create_backup(database.owner, store, now=now - timedelta(days=days), retention_days=60)
    new_one = create_backup(database.owner, store, now=now.replace(day=15), retention_days=60)
    first, second = twice(start, "backup", "prune", f"--yes-prune={database.name}", BACKUP_DIR=str(tmp_path))
    assert first[0] == 0, first
    assert second[0] in (0, 1, 2), second
    left = [found for found in store.sets() if found.key.startswith("daily/")]
    assert [found.key for found in left] == [new_one.backup.key]
    assert [found.problem for found in store.sets()] == [None] * len(store.sets())


def test_drop_old(database: Any, start: Start) -> None:
    """A replaced database goes once; who comes second is told that there is none."""
    old, owner = f"{database.name}_before_20260101_000000", f"{database.name}_admin"
    with psycopg.connect(database.superuser, autocommit=True) as root:
        roles.ensure_restore_rights(root, role=owner, maintenance="postgres")
        root.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(old), sql.Identifier(owner)))
    first, second = twice(start, "restore", "drop-old", old, f"--yes-drop-old={old}")
    assert first[0] == 0, first
    assert second[0] == 0 or f"There is no database {old} on" in second[1]
    assert database.rows(f"SELECT 1 FROM pg_database WHERE datname = '{old}'") == []


def test_migrate_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another run has made meanwhile is not written over; a folder that takes none is a sentence too."""
    made = new.new_file(tmp_path, "orders")
    made.write_text("SELECT 1;")
    monkeypatch.setattr(new, "read_files", lambda _: [])  # as it was a moment ago
    with pytest.raises(Refused, match=r"Another run has just made .*/001_orders\.sql: give another name"):
        new.new_file(tmp_path, "orders")
    assert made.read_text() == "SELECT 1;"
    monkeypatch.setattr(Path, "open", lambda *_, **__: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    with pytest.raises(Refused, match=r"Cannot write .*/001_lines\.sql: Read-only file system; make the folder writable"):
        new.new_file(tmp_path, "lines")
