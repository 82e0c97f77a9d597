"""The same promises of every place for backups."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from operations.backup.manifest import newest_good
from operations.backup.store import BackupStore, Spoilt
from operations.backup.stores import store_of
from operations.errors import OperationError, Refused
from tests.operations.stores.sets import DATA, NOON, give_up, made, manifest, objects, write


def test_a_set_is_there_when_its_manifest_is(store: BackupStore, tmp_path: Path) -> None:
    assert (store.sets(), objects(store)) == ([], [])
    write(store)
    found = store.contents()
    assert (found.sets, list(found.unpublished)) == ([], [f"daily/{manifest().name}"])
    backup = store.publish(manifest())
    monthly = store.keep_monthly(backup)
    assert monthly is not None
    assert store.sets() == [monthly, backup]
    assert [store.check(old) for old in store.sets()] == [None, None]
    with store.open(monthly) as stream:
        assert b"".join(iter(lambda: stream.read(700_000), b"")) == DATA
    with store.copied(backup, tmp_path / "copy") as stream:
        assert b"".join(iter(lambda: stream.read(700_000), b"")) == (tmp_path / "copy").read_bytes() == DATA
        assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    store.remove(backup)
    store.remove(backup)  # another run was faster
    assert store.sets() == [monthly]
    assert len(objects(store)) == 2


def test_whatever_goes_wrong_leaves_nothing(store: BackupStore) -> None:
    give_up(store)
    assert objects(store) == []
    assert made(store).problem is None


def test_nothing_is_written_over(store: BackupStore) -> None:
    first = made(store)
    with pytest.raises(OperationError, match=r"There is a backup .*shop_20260331_120000\.dump already; try again in a second"):
        write(store, b"other")
    with pytest.raises(OperationError, match=r"There is a backup .* already"):
        store.publish(replace(manifest(), bytes=1))
    assert store.sets() == [first]
    assert store.check(first) is None


def test_a_manifest_that_cannot_be_written_takes_its_dump_along(store: BackupStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(key: str, data: bytes) -> None:
        raise OperationError("It is full.")

    write(store)
    monkeypatch.setattr(store.objects, "put", full)
    with pytest.raises(OperationError, match="It is full"):
        store.publish(manifest())
    assert objects(store) == []


@pytest.mark.parametrize(
    ("spoilt", "cheap", "problem"),
    [
        (DATA[:-1] + b"!", None, "corrupt: its checksum differs"),
        (DATA[:-1], f"corrupt: {len(DATA) - 1} bytes instead of {len(DATA)}", None),
        (None, "lost: the dump is not there", None),
    ],
)
def test_what_is_spoilt_is_seen(
    store: BackupStore, tmp_path: Path, spoilt: bytes | None, cheap: str | None, problem: str | None
) -> None:
    older, backup = made(store, started=NOON - timedelta(days=1)), made(store)
    store.objects.remove(backup.key)
    if spoilt is not None:
        write(store, spoilt)
    found = store.sets()
    assert [old.problem for old in found] == [cheap, None]
    assert newest_good(found, "shop") == (found[0] if cheap is None else older)
    assert store.check(found[0]) == (problem or cheap)
    error = OperationError if spoilt is None else Spoilt
    with pytest.raises(error, match=rf"/{backup.key}"), store.copied(backup, tmp_path / "copy") as stream:
        list(iter(lambda: stream.read(700_000), b""))
    assert not (tmp_path / "copy").exists()
    assert [old.problem for old in store.sets()] == [problem or cheap, None]
    assert newest_good(store.sets()) == older


def test_what_was_found_spoilt_stays_so_until_it_is_read_and_good(store: BackupStore) -> None:
    backup = made(store)
    store.objects.remove(backup.key)
    write(store, DATA[:-1] + b"!")
    for _ in range(2):
        with pytest.raises(Spoilt), store.open(backup) as stream:
            list(iter(lambda: stream.read(700_000), b""))
    (spoilt,) = store.sets()
    assert spoilt.problem == store.check(spoilt) == "corrupt: its checksum differs"
    store.objects.remove(backup.key)
    write(store)  # as when an older version of the object is brought back
    assert store.check(spoilt) is None
    assert store.sets() == [backup]


def test_a_spoilt_set_goes_with_its_mark(store: BackupStore) -> None:
    backup = made(store)
    store.objects.remove(backup.key)
    write(store, DATA[:-1] + b"!")
    assert store.check(backup)
    store.remove(backup)
    assert objects(store) == []
    store.objects.put(f"{backup.key}.spoilt", b"")  # of a removal that was killed
    assert store.contents().left_behind(datetime.now(UTC) + timedelta(hours=25)) == [f"{backup.key}.spoilt"]


def test_a_manifest_that_is_none_is_named(store: BackupStore) -> None:
    store.objects.put("daily/a.dump.json", b'{"name": "a"}')
    store.objects.put("daily/b.dump.json", b"\xff")
    assert store.contents().unreadable == ["daily/a.dump.json", "daily/b.dump.json"]


def test_a_set_under_another_name_is_none(store: BackupStore) -> None:
    """It would be read under the name in its manifest, where nothing is, or where another one is."""
    backup = made(store)
    store.objects.copy(backup.key, "daily/kept.dump")
    store.objects.put("daily/kept.dump.json", backup.manifest.to_json().encode())
    found = store.contents()
    assert (found.sets, found.unreadable) == ([backup], ["daily/kept.dump.json"])


def test_a_set_that_another_run_removes_meanwhile(store: BackupStore, monkeypatch: pytest.MonkeyPatch) -> None:
    left, removed = made(store), made(store, started=NOON - timedelta(days=1))
    read = store.objects.read

    def late(key: str) -> bytes:
        store.remove(removed)
        return read(key)

    monkeypatch.setattr(store.objects, "read", late)
    assert store.sets() == [left]


@pytest.mark.parametrize(
    ("environ", "to", "sentence"),
    [
        ({}, None, r"No place for the backups: set one of BACKUP_DIR, BACKUP_S3_BUCKET, BACKUP_GCS_BUCKET, or pass --to\."),
        ({"BACKUP_DIR": "/a", "BACKUP_S3_BUCKET": "b"}, None, r"More than one place .* \(BACKUP_DIR, BACKUP_S3_BUCKET\)"),
        ({}, "ftp://host/x", r"'ftp://host/x' is no place for backups: use file:///folder, s3://bucket/prefix"),
        ({}, "s3:///x", "is no place for backups"),
        ({}, "file://host/x", "is no place for backups"),
        ({}, "s3://[x", "is no place for backups"),
    ],
)
def test_no_place(environ: dict[str, str], to: str | None, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        store_of(environ, to)


def test_to_wins(tmp_path: Path) -> None:
    assert store_of({"BACKUP_S3_BUCKET": "b"}, str(tmp_path)).where == f"file://{tmp_path}"
    assert json.dumps(store_of({"BACKUP_DIR": "/b c"}).where) == '"file:///b%20c"'
