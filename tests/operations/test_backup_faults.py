"""What must publish nothing: killed, failing, lying and full; and what must be seen: spoilt and unfinished sets."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from operations.backup import store as backup_store
from operations.backup.create import create_backup
from operations.backup.pg_client import Client, find_client
from operations.backup.store import FolderStore
from operations.errors import OperationError

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def filled(database: Any) -> Any:
    database.rows("CREATE TABLE t AS SELECT g AS n, md5(g::text) || md5((-g)::text) AS v FROM generate_series(1, 20000) AS g")
    return database


@pytest.fixture
def client(database: Any) -> Client:
    with psycopg.connect(database.owner) as session:
        return find_client(session.info.server_version)


@pytest.fixture
def stand_in(tmp_path: Path, client: Client, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script in the place of pg_dump; in it, $REAL is the true one and $OUT the file asked for."""

    def put(script: str, version: str = client.version) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "pg_restore").symlink_to(client.pg_restore)
        lines = [
            "#!/bin/sh",
            f'test "$1" = --version && {{ echo "pg_dump (PostgreSQL) {version}"; exit; }}',
            f"REAL={shlex.quote(str(client.pg_dump))}",
            'for OUT in "$@"; do :; done',
            script,
        ]
        (folder / "pg_dump").write_text("\n".join(lines))
        (folder / "pg_dump").chmod(0o755)
        monkeypatch.setenv("PG_BINDIR", str(folder))

    return put


def files(root: Path) -> list[str]:
    """All files below *root* but the lock."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.name != ".lock")


def failed(database: Any, root: Path) -> str:
    before = files(root)
    with pytest.raises(OperationError) as caught:
        create_backup(database.owner, FolderStore(root))
    assert files(root) == before
    assert "ownerpw-7x" not in str(caught.value)
    return str(caught.value)


HALF = 'size=$(wc -c < "$OUT"); truncate -s $((size / 2)) "$OUT"'


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (f'"$REAL" "$@"; {HALF}; kill -9 $$', r"^pg_dump was killed \(signal 9\); no backup was made\.$"),
        (f'"$REAL" "$@"; {HALF}', "^The dump cannot be restored: pg_restore failed: .*; no backup was made"),
        ('"$REAL" "$@"; truncate -s -1 "$OUT"', "^The dump cannot be restored: pg_restore failed"),
        (': > "$OUT"', "^The dump cannot be restored: pg_restore failed: .*input file is too short"),
        ('exec "$REAL" -Fc -f /dev/full', "No space left on device, free some space or choose another BACKUP_DIR; no backup"),
        ("echo 'pg_dump: error: no' >&2; exit 1", r"^pg_dump failed: pg_dump: error: no; no backup was made\.$"),
    ],
)
def test_a_dump_that_is_not_whole_is_not_published(
    filled: Any, tmp_path: Path, stand_in: Callable[[str], None], script: str, sentence: str
) -> None:
    create_backup(filled.owner, FolderStore(tmp_path / "backups"))
    stand_in(script)
    said = failed(filled, tmp_path / "backups")
    assert re.search(sentence, said), said


def test_a_client_without_zstd_packs_with_gzip(filled: Any, tmp_path: Path, stand_in: Callable[[str], None]) -> None:
    refusal = "pg_dump: error: this build does not support compression with ZSTD"
    stand_in(f'case "$*" in *=zstd*) echo "{refusal}" >&2; exit 1;; esac; exec "$REAL" "$@"')
    create_backup(filled.owner, FolderStore(tmp_path / "backups"))


def test_a_client_older_than_the_server_is_refused_by_name(filled: Any, tmp_path: Path, stand_in: Callable[..., None]) -> None:
    stand_in("exit 1", version="9.6.24")
    said = failed(filled, tmp_path / "backups")
    assert said.startswith("The server is PostgreSQL ")
    assert f"pg_dump 9.6.24 in {tmp_path}/bin is too old. Install the PostgreSQL" in said
    assert not (tmp_path / "backups").exists()


def test_no_client_at_all(filled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BINDIR", str(tmp_path))
    assert "none was found. Install the PostgreSQL" in failed(filled, tmp_path / "backups")


def test_a_full_disk(filled: Any, tmp_path: Path) -> None:
    """A real one: a tmpfs of 200 kB in a mount namespace of its own, gone with the process."""
    code = (
        "import sys; from pathlib import Path; from operations.errors import *\n"
        "from operations.backup.create import create_backup\n"
        "from operations.backup.store import FolderStore\nfrom operations.connection import conninfo_of\n"
        "root = Path(sys.argv[1])\n"
        "try:\n    create_backup(conninfo_of(), FolderStore(root))\n"
        "except OperationError as error:\n    print(error)\n"
        "print([path.name for path in root.rglob('*') if path.is_file()])"
    )
    mount = 'mount -t tmpfs -o size=200k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    done = subprocess.run(
        ["unshare", *rights, "--mount", "sh", "-c", mount, "sh", tmp_path, sys.executable, code],
        env={**os.environ, **filled.environ(), "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    sentence, left = done.stdout.splitlines()
    assert sentence.startswith("pg_dump failed: ")
    assert "No space left on device, free some space or choose another BACKUP_DIR; no backup was made" in sentence
    assert left == "['.lock']"


def test_a_disk_that_fills_up_before_the_manifest(filled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_store, "_write", full)
    assert failed(filled, tmp_path) == f"Cannot write to {tmp_path}: No space left on device; no backup was made."


def test_a_folder_that_cannot_be(filled: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        OperationError, match=f"Cannot keep backups in {tmp_path}/file/x: Not a directory; choose another BACKUP_DIR"
    ):
        create_backup(filled.owner, FolderStore(tmp_path / "file" / "x"))


def waiting_dump(process: subprocess.Popen[str]) -> psutil.Process:
    """The pg_dump below *process*, once it is there."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):  # `pg_dump --version` has come and gone
                if child.name() == "pg_dump" and "-f" in child.cmdline():
                    return child
        time.sleep(0.02)
    raise AssertionError(process.communicate())


@pytest.mark.parametrize("whom", ["pg_dump", "its session", "us, politely", "us, at once"])
def test_whoever_is_killed_publishes_nothing(filled: Any, tmp_path: Path, start: Start, whom: str) -> None:
    with psycopg.connect(filled.owner) as holder:
        holder.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")  # pg_dump waits here
        process = start("backup", "create", "--to", tmp_path / "b")
        dump = waiting_dump(process)
        assert "ownerpw-7x" not in " ".join(dump.cmdline() + psutil.Process(process.pid).cmdline())
        if whom == "pg_dump":
            dump.kill()
        elif whom == "its session":
            query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pg_dump'"
            query += f" AND datname = '{filled.name}'"
            while not filled.rows(query, conninfo=filled.superuser)[0][0]:
                time.sleep(0.02)
        else:
            process.send_signal(signal.SIGTERM if "politely" in whom else signal.SIGKILL)
        out, err = process.communicate(timeout=30)
    assert (process.returncode != 0, out) == (True, "")
    assert err.startswith("Error: pg_dump ") == whom.startswith(("pg_dump", "its"))
    if whom == "us, at once":  # nobody was left to tidy up; the next run does
        assert files(tmp_path / "b") == [".partial"]
    else:
        assert files(tmp_path / "b") == []
        dump.wait(timeout=10)
    assert FolderStore(tmp_path / "b").sets() == []
    again = start("backup", "create", "--to", tmp_path / "b")
    out, err = again.communicate(timeout=60)
    assert (again.returncode, err) == (0, "")
    assert [name.rpartition(".")[2] for name in files(tmp_path / "b")] == ["dump", "json"] * 2


def test_a_second_one_at_the_same_time_is_refused(filled: Any, tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with store.writing(), pytest.raises(OperationError, match=f"Another backup is being written to {tmp_path}; try again"):
        create_backup(filled.owner, store)


def test_the_list_shows_what_is_spoilt(filled: Any, tmp_path: Path, start: Start) -> None:
    def listed(*options: str) -> tuple[int, str, str]:
        process = start("backup", "list", *options, BACKUP_DIR=str(tmp_path / "b"))
        out, err = process.communicate(timeout=30)
        return process.returncode, out, err

    assert listed() == (0, f"no backups in {tmp_path}/b\n", "")
    report = create_backup(filled.owner, FolderStore(tmp_path / "b"))
    dump = tmp_path / "b" / report.backup.key
    (tmp_path / "b/daily/half.dump").write_bytes(b"PGDMP")
    code, out, err = listed()
    assert (code, [line.rpartition("  ")[2] for line in out.splitlines()]) == (0, ["good", "good"])
    assert err == "daily/half.dump has no manifest: not a backup, delete it\n"

    data = bytearray(dump.read_bytes())
    data[len(data) // 2] ^= 1
    dump.unlink()  # its monthly twin is another name of the same file
    dump.write_bytes(data)
    assert listed()[0] == 0
    code, out, _ = listed("--verify")
    assert (code, [line.rpartition("  ")[2] for line in out.splitlines()]) == (
        1,
        ["verified now", "corrupt: its checksum differs"],
    )

    dump.write_bytes(data[:-1])
    code, out, _ = listed("--json")
    assert (code, [entry["problem"] for entry in json.loads(out)]) == (
        1,
        [None, f"corrupt: {len(data) - 1} bytes instead of {len(data)}"],
    )
    dump.with_name(f"{dump.name}.json").write_text("{")
    code, out, err = listed()
    assert (code, out) == (1, "")
    assert err.startswith(f"Error: Cannot read {dump}.json: ")


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ({"BACKUP_DIR": ""}, 2, "No folder for the backups: set BACKUP_DIR or pass --to."),
        ({"BACKUP_RETENTION_DAYS": "0"}, 2, "BACKUP_RETENTION_DAYS is '0'; it must be a number of days from 1."),
        ({"DB_PASSWORD": "wrong-7x"}, 1, "password authentication failed"),
        ({"DB_HOST": ""}, 2, "DB_HOST is missing"),
    ],
)
def test_bad_settings_make_no_folder(tmp_path: Path, start: Start, changes: dict[str, str], code: int, sentence: str) -> None:
    process = start("backup", "create", **{"BACKUP_DIR": str(tmp_path / "b")} | changes)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err.count("\n")) == (code, "", 1)
    assert sentence in err
    assert "wrong-7x" not in err
    assert not (tmp_path / "b").exists()


def test_create_says_what_it_made(filled: Any, tmp_path: Path, start: Start) -> None:
    process = start("backup", "create", "--json", "--to", tmp_path)
    report = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 0
    assert report["created"]["database"] == filled.name
    assert report["monthly"] == report["created"]["key"].replace("daily", "monthly")
    assert report["removed"] == []
