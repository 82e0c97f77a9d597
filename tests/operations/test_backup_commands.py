"""`backup` as it is typed: to a folder, S3 and Cloud Storage, killed on the way, and what it refuses."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from typer.testing import CliRunner

from operations import place
from operations.backup import cli, gcs
from operations.backup.create import create_backup
from operations.backup.dump import dump
from operations.backup.facts import facts
from operations.backup.pg_client import find_client
from operations.backup.prune import plan
from operations.backup.stores import store_of
from operations.errors import OperationError
from operations.place import Place
from tests.operations.storage_emulator import running_storage

Start = Callable[..., subprocess.Popen[str]]
RUN = CliRunner()


@pytest.fixture(scope="module")
def storage() -> Iterator[tuple[str, Any]]:
    with running_storage() as running:
        yield running


@pytest.fixture
def filled(database: Any) -> Any:
    database.rows("CREATE TABLE t AS SELECT g AS n, md5(g::text) || md5((-g)::text) AS v FROM generate_series(1, 20000) AS g")
    return database


@pytest.fixture
def bucket(aws: Callable[[str], Any]) -> Any:
    client = aws("s3")
    client.create_bucket(Bucket="backups", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    client.put_bucket_encryption(Bucket="backups", ServerSideEncryptionConfiguration={"Rules": [default]})
    return client


def restored(stream: Any, client: Any) -> str:
    """What pg_restore makes of a dump, as SQL."""
    command = [client.pg_restore, "-f", "-"]
    return subprocess.run(command, input=stream.read(), capture_output=True, check=True).stdout.decode()


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_to_a_bucket_of_s3(filled: Any, bucket: Any, start: Start) -> None:
    bucket.create_multipart_upload(Bucket="backups", Key="daily/killed.dump")
    code, out, err = finished(start("backup", "create", "--json", BACKUP_S3_BUCKET="backups"))
    assert (code, err) == (0, "")
    created = json.loads(out)
    keys = [found["Key"] for found in bucket.list_objects_v2(Bucket="backups")["Contents"]]
    name = created["created"]["name"]
    assert keys == [f"daily/{name}", f"daily/{name}.json", f"monthly/{name}", f"monthly/{name}.json"]
    assert created["monthly"] == f"monthly/{name}"
    assert "Uploads" not in bucket.list_multipart_uploads(Bucket="backups")
    verified = RUN.invoke(cli.app, ["verify", f"daily/{name}", "--to", "s3://backups"])
    assert (verified.exit_code, verified.output.count("verified now")) == (0, 1)
    store = store_of({}, "s3://backups")
    with facts(filled.owner) as seen, store.open(store.sets()[0]) as stream:
        assert "CREATE TABLE public.t" in restored(stream, find_client(seen.server_version))


def test_to_a_bucket_of_google(filled: Any, storage: tuple[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage[0])
    gcs.Client().create_bucket("backups").client.close()
    for name, value in {**filled.environ(), "BACKUP_GCS_BUCKET": "backups"}.items():
        monkeypatch.setenv(name, value)
    made = RUN.invoke(cli.app, ["create"])
    assert (made.exit_code, made.output.count("verified and published"), made.output.count("first of its month")) == (0, 1, 1)
    listed = RUN.invoke(cli.app, ["list", "--json"])
    assert [found["problem"] for found in json.loads(listed.output)] == [None, None]
    assert RUN.invoke(cli.app, ["verify"]).output.count("verified now") == 2
    missing = RUN.invoke(cli.app, ["verify", "daily/none.dump"])
    assert (missing.exit_code, missing.output) == (
        2,
        "Error: There is no backup daily/none.dump in gs://backups: `backup list` shows those that there are.\n",
    )


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_killed_on_the_way_to_s3(filled: Any, bucket: Any, start: Start, signum: int) -> None:
    with psycopg.connect(filled.owner) as holder:
        holder.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")  # pg_dump waits here
        process = start("backup", "create", "--to", "s3://backups")
        deadline = time.monotonic() + 60
        while not bucket.list_multipart_uploads(Bucket="backups").get("Uploads") or not _dumping(process):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signum)
        process.communicate(timeout=60)
    left = bucket.list_multipart_uploads(Bucket="backups").get("Uploads", [])
    assert (len(left), store_of({}, "s3://backups").sets()) == (1 if signum == signal.SIGKILL else 0, [])
    create_backup(filled.owner, store_of({}, "s3://backups"))  # the next run makes its own and clears up
    assert "Uploads" not in bucket.list_multipart_uploads(Bucket="backups")


def _dumping(process: subprocess.Popen[str]) -> bool:
    with suppress(psutil.Error):
        return any(child.name() == "pg_dump" and "-Fc" in child.cmdline() for child in psutil.Process(process.pid).children())
    return False


def test_a_pg_dump_that_dies_uploads_nothing(filled: Any, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with facts(filled.owner) as seen:
        client = find_client(seen.server_version)
    known = f'case "$*" in *version*) exec {client.pg_dump} "$@";; esac'
    (tmp_path / "pg_dump").write_text(f'#!/bin/sh\n{known}\n{client.pg_dump} "$@" | head -c 300000\nkill -9 $$')
    (tmp_path / "pg_dump").chmod(0o755)
    (tmp_path / "pg_restore").symlink_to(client.pg_restore)
    monkeypatch.setenv("PG_BINDIR", str(tmp_path))
    with pytest.raises(OperationError, match=r"^pg_dump was killed \(signal 9\); no backup was made\.$"):
        create_backup(filled.owner, store_of({}, "s3://backups"))
    assert "Contents" not in bucket.list_objects_v2(Bucket="backups")
    assert "Uploads" not in bucket.list_multipart_uploads(Bucket="backups")


def test_the_dump_is_what_the_manifest_says(filled: Any) -> None:
    data = bytearray()
    filled.rows("CREATE TABLE schema_migrations (version bigint); INSERT INTO schema_migrations VALUES (7)")
    with facts(filled.owner) as seen:
        filled.rows("INSERT INTO schema_migrations VALUES (8)")
        client = find_client(seen.server_version)
        dump(client, filled.owner, data.extend, snapshot=seen.snapshot)
    assert seen.migration_version == 7
    assert "schema_migrations (version) FROM stdin;\n7\n\\." in restored(io.BytesIO(data), client)


def test_another_tools_table_is_no_migration(filled: Any) -> None:
    filled.rows("CREATE TABLE schema_migrations (id text)")
    with facts(filled.owner) as seen:
        assert (seen.migration_version, seen.row_estimates["public.schema_migrations"]) == (None, 0)


def test_prune_takes_what_is_too_old_and_what_was_left_behind(
    filled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, now = store_of({}, str(tmp_path)), datetime.now(UTC)
    old = create_backup(filled.owner, store, now=now - timedelta(days=40))
    new = create_backup(filled.owner, store, retention_days=60)
    for name, age in (("killed", timedelta(days=2)), ("running", timedelta(0))):
        (tmp_path / f"daily/{name}.dump").write_bytes(b"PGDMP")
        os.utime(tmp_path / f"daily/{name}.dump", times=((now - age).timestamp(),) * 2)
    environ = {"BACKUP_DIR": str(tmp_path), "DB_NAME": filled.name}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    refused = RUN.invoke(cli.app, ["prune"])
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.splitlines() == [
        f"Removes from file://{tmp_path}, for good:",
        f"  {old.backup.key}  {old.backup.manifest.bytes} bytes, past its retention",
        "  daily/killed.dump  never published",
        f"Error: There is no terminal to ask on: pass --yes-prune={filled.name} if that is meant. Nothing was done.",
    ]
    wrong = RUN.invoke(cli.app, ["prune", "--yes-prune=shop"])
    assert (wrong.exit_code, wrong.stderr.splitlines()[-1]) == (2, f"Error: That is not {filled.name}. Nothing was done.")
    assert len(store.sets()) == 3 + bool(new.monthly)
    done = RUN.invoke(cli.app, ["prune", f"--yes-prune={filled.name}", "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (
        0,
        {"removed": [old.backup.key], "leftovers": ["daily/killed.dump"], "uploads": 0},
    )
    assert list(store.contents().unpublished) == ["daily/running.dump"]
    assert not plan(store, environ)


def test_a_stack_in_a_cloud_does_it_there(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    there = Place(name="prod", environ={"DB_NAME": "shop"}, handles={"provider": "aws"}, remote=True)
    monkeypatch.setattr(place, "place_of", lambda stack: there)
    monkeypatch.setattr(place, "run_there", lambda found, words: ran.append(list(words)) or 3)
    for words in (
        ["create", "--stack", "prod"],
        ["list", "--stack", "prod", "--json"],
        ["verify", "daily/a.dump", "--stack", "prod", "--to", "s3://other"],
        ["prune", "--stack", "prod", "--yes-prune=shop"],
    ):
        assert RUN.invoke(cli.app, words).exit_code == 3
    assert ran == [
        ["backup", "create"],
        ["backup", "list", "--json"],
        ["backup", "verify", "daily/a.dump", "--to", "s3://other"],
        ["backup", "prune", "--yes-prune=shop"],
    ]
    for words in (["prune", "--stack", "prod"], ["create", "--stack", "prod", "--to", "/backups"]):
        assert RUN.invoke(cli.app, words).exit_code == 2
    assert len(ran) == 4
