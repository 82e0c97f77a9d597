"""The same promises of a folder, S3 (moto's server) and Cloud Storage (an emulator)."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from operations.backup import gcs, s3
from operations.backup.manifest import BackupSet, Manifest, newest_good
from operations.backup.store import BackupStore, Spoilt
from operations.backup.stores import store_of
from operations.errors import OperationError, Refused
from tests.operations.storage_emulator import running_storage

DATA = os.urandom(1 << 20) * 11 + b"the end"
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def storage() -> Iterator[tuple[str, Any]]:
    with running_storage() as running:
        yield running


@pytest.fixture
def bucket(storage: tuple[str, Any], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is in the emulator, where there is one bucket, ``backups``."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage[0])
    storage[1].wipe()
    gcs.Client().create_bucket("backups").client.close()
    return storage[1]


@pytest.fixture
def s3_bucket(aws: Callable[[str], Any]) -> Any:
    client = aws("s3")
    client.create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    client.put_bucket_encryption(Bucket="backups", ServerSideEncryptionConfiguration={"Rules": [default]})
    return client


@pytest.fixture(params=["folder", "s3", "gcs"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BackupStore:
    monkeypatch.setattr(s3, "PART", 5 << 20)
    monkeypatch.setattr(gcs, "CHUNK", 4 << 20)
    if request.param == "folder":
        return store_of({}, f"file://{tmp_path}/backups")
    if request.param == "s3":
        request.getfixturevalue("s3_bucket")
        return store_of({"BACKUP_S3_BUCKET": "backups"})
    request.getfixturevalue("bucket")
    return store_of({}, "gs://backups/some/folder")


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


def test_uploads_that_nobody_ended(s3_bucket: Any) -> None:
    store = store_of({"BACKUP_S3_BUCKET": "backups"})
    s3_bucket.create_multipart_upload(Bucket="backups", Key="daily/killed.dump")
    others = s3_bucket.create_multipart_upload(Bucket="backups", Key="videos/of-another-tenant")
    assert store.objects.tidy(datetime(2010, 1, 1, tzinfo=UTC)) == 0  # moto's uploads all began in November 2010
    assert len(s3_bucket.list_multipart_uploads(Bucket="backups")["Uploads"]) == 2
    assert store.tidy() == 1
    left = s3_bucket.list_multipart_uploads(Bucket="backups")["Uploads"]
    assert [upload["UploadId"] for upload in left] == [others["UploadId"]]


def test_a_dropped_upload_is_no_upload(bucket: Any, s3_bucket: Any) -> None:
    for place in ("gs://backups", "s3://backups"):
        give_up(store_of({}, place))
    assert bucket.resumable == {}
    assert "Uploads" not in s3_bucket.list_multipart_uploads(Bucket="backups")


def test_parts_grow_with_the_database(s3_bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    monkeypatch.setattr(s3, "_Parts", lambda client, upload, size: sizes.append(size))
    for size in (0, 1 << 40):
        with pytest.raises(AttributeError), store_of({}, "s3://backups").writing("a.dump", size):
            pass
    assert sizes == [16 << 20, -(-2 * (1 << 40) // 10_000)]


def test_a_bucket_that_does_not_encrypt(s3_bucket: Any) -> None:
    s3_bucket.delete_bucket_encryption(Bucket="backups")
    with pytest.raises(OperationError, match=r"^s3://backups does not encrypt what it keeps: give the bucket default encryption"):
        made(store_of({}, "s3://backups"))
    assert "Contents" not in s3_bucket.list_objects_v2(Bucket="backups")


@pytest.mark.parametrize("place", ["s3://nowhere-1", "gs://nowhere-1"])
def test_a_bucket_that_is_not_there(bucket: Any, s3_bucket: Any, place: str) -> None:
    with pytest.raises(OperationError, match=rf"^Cannot list {place}/daily: .*; check BACKUP_(S3|GCS)_BUCKET or --to\.$"):
        store_of({}, place).sets()
    with pytest.raises(OperationError, match=rf"^Cannot write {place}/daily/shop_.*; check BACKUP_(S3|GCS)_BUCKET or --to\.$"):
        made(store_of({}, place))


def test_one_that_cannot_be_read_hides_no_other(s3_bucket: Any) -> None:
    store = store_of({}, "s3://backups")
    days = [made(store, started=NOON - timedelta(days=age)) for age in range(5)]
    well, cold, removed, lost, flipped = days
    s3_bucket.put_object(Bucket="backups", Key=cold.key, Body=DATA, StorageClass="GLACIER")
    s3_bucket.put_object(Bucket="backups", Key=flipped.key, Body=DATA[:-1] + b"!")
    sets = store.sets()
    store.remove(removed)
    store.objects.remove(lost.key)
    checked = store.check_all(sets)
    problems = {one.key: one.problem for one in checked}
    wrong = {lost.key: "lost: the dump is not there", flipped.key: "corrupt: its checksum differs"}
    assert problems == {well.key: None, cold.key: None, **wrong}
    assert [one.key for one in checked if one.line(good="verified now").endswith("in cold storage")] == [cold.key]
    (named,) = store.check_all([cold])  # asked for by its name
    assert "it is in cold storage: have it brought back first" in str(named.problem)
    with pytest.raises(OperationError, match=r"it is in cold storage: have it brought back first"):
        store.check(cold)


def test_a_set_that_another_run_removes_meanwhile(store: BackupStore, monkeypatch: pytest.MonkeyPatch) -> None:
    left, removed = made(store), made(store, started=NOON - timedelta(days=1))
    read = store.objects.read

    def late(key: str) -> bytes:
        store.remove(removed)
        return read(key)

    monkeypatch.setattr(store.objects, "read", late)
    assert store.sets() == [left]


def test_a_body_that_breaks_off_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = [True, False, *[True] * 3]

    class S3Server(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(DATA)))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(DATA[: len(DATA) // 2] if cut.pop(0) else DATA)
            self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with ThreadingHTTPServer(("127.0.0.1", 0), S3Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        objects = store_of({}, "s3://backups").objects
        assert objects.read("daily/a.dump.json") == DATA
        with pytest.raises(
            OperationError, match=r"^Cannot read s3://backups/daily/a\.dump\.json: .*; check the bucket,"
        ):
            objects.read("daily/a.dump.json")
        server.shutdown()
    assert cut == []


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
