"""What this machine must bring along: client programs, the Pulumi CLI, free disk."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from operations.condition.text import size
from operations.doctor.check import Check, failed, ok, warning
from operations.errors import OperationError

WARN_BYTES, FAIL_BYTES = 5 << 30, 1 << 30
"""Free disk; the first is the alarms' default."""


def pulumi() -> Check:
    """The CLI that brings stacks up. Where there is none, the next ``up`` gets one."""
    from operations.engine.pulumi_cli import find_cli

    found = find_cli()
    if found is None:
        return warning("Pulumi", "no CLI is here", "run `make up`: it gets one, which may take some minutes")
    return ok("Pulumi", f"{found.version} at {found.path}, Python {platform.python_version()}")


def client(server_version: int) -> Check:
    """pg_dump and pg_restore for that server (libpq's number)."""
    from operations.backup.pg_client import find_client

    try:
        found = find_client(server_version)
    except OperationError as error:
        text, _, mend = str(error).rpartition(". ")
        return failed("client programs", text or mend, mend.rstrip(".") or "install the server's client package")
    return ok("client programs", f"pg_dump {found.version} in {found.bindir}")


def disks(environ: Mapping[str, str], handles: Mapping[str, Any] | None) -> Iterator[Check]:
    """Free room where the servers' data (on this machine), the backups and scratch files lie; each disk once."""
    database = (handles or {}).get("database") or {}
    wanted = {
        "data": database.get("cluster") if (handles or {}).get("provider") == "local" else None,
        "backups": environ.get("BACKUP_DIR"),
        "scratch": os.environ.get("TMPDIR") or tempfile.gettempdir(),
    }
    seen: dict[int, str] = {}
    for what, folder in wanted.items():
        path = _existing(Path(folder)) if folder else None
        if path is None or seen.setdefault(path.stat().st_dev, what) != what:
            continue
        yield disk(what, path)


def disk(what: str, path: Path, *, fail: int = FAIL_BYTES, warn: int = WARN_BYTES) -> Check:
    """Free room of the disk under *path*."""
    usage = shutil.disk_usage(path)
    found = f"{size(usage.free)} of {size(usage.total)} free at {path}"
    if usage.free >= warn:
        return ok(f"disk of {what}", found)
    mend = "free some space there: a database that cannot write stops"
    return (failed if usage.free < fail else warning)(f"disk of {what}", found, mend)


def _existing(path: Path) -> Path | None:
    return next((one for one in (path, *path.parents) if one.exists()), None)
