"""Sets of backups for tests, without a database."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime

from operations.backup.manifest import BackupSet, Manifest
from operations.backup.store import BackupStore

DATA = os.urandom(1 << 20) * 11 + b"the end"
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def manifest(data: bytes = DATA, *, started: datetime = NOON) -> Manifest:
    return Manifest(
        name=f"shop_{started:%Y%m%d_%H%M%S}.dump",
        database="shop",
        started=started,
        ended=started,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        server_version="17.10",
        client_version="17.10",
        toc_entries=1,
        migration_version=7,
        row_estimates={"public.t": 5},
    )


def write(store: BackupStore, data: bytes = DATA, *, started: datetime = NOON) -> None:
    with store.writing(manifest(started=started).name, len(data)) as take:
        for start in range(0, len(data), 300_000):
            take(data[start : start + 300_000])


def made(store: BackupStore, *, started: datetime = NOON) -> BackupSet:
    write(store, started=started)
    return store.publish(manifest(started=started))


def give_up(store: BackupStore) -> None:
    with suppress(KeyError), store.writing("a.dump", 1) as take:
        take(DATA * 2)
        raise KeyError


def objects(store: BackupStore) -> list[str]:
    return [*store.objects.listing("daily/"), *store.objects.listing("monthly/")]
