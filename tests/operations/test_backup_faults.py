"""What must publish nothing: killed, failing, lying and full."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from operations.backup import folder
from operations.backup.create import create_backup
from operations.backup.pg_client import Client, find_client
from operations.backup.stores import store_of
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
    """Puts a shell script in the place of pg_dump; in it, $REAL is the true one and $DUMP a file to play with."""

    def put(script: str, version: str = client.version) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        (folder / "pg_restore").symlink_to(client.pg_restore)
        lines = [
            "#!/bin/sh",
            f'test "$1" = --version && {{ echo "pg_dump (PostgreSQL) {version}"; exit; }}',
            f"REAL={shlex.quote(str(client.pg_dump))}",
            f"DUMP={shlex.quote(str(tmp_path / 'played-with'))}",
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
        create_backup(database.owner, store_of({}, str(root)))
    assert files(root) == before
    assert "ownerpw-7x" not in str(caught.value)
    return str(caught.value)


HALF = '"$REAL" "$@" > "$DUMP"; head -c $(($(wc -c < "$DUMP") / 2)) "$DUMP"'


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (f"{HALF}; kill -9 $$", r"^pg_dump was killed \(signal 9\); no backup was made\.$"),
        (HALF, "^The dump cannot be restored: pg_restore failed: .*; no backup was made"),
        ('"$REAL" "$@" | head -c -1', "^The dump cannot be restored: pg_restore failed"),
        (":", "^The dump cannot be restored: pg_restore failed: .*input file is too short"),
        ("echo 'pg_dump: error: no' >&2; exit 1", r"^pg_dump failed: pg_dump: error: no; no backup was made\.$"),
    ],
)
def test_a_dump_that_is_not_whole_is_not_published(
    filled: Any, tmp_path: Path, stand_in: Callable[[str], None], script: str, sentence: str
) -> None:
    create_backup(filled.owner, store_of({}, str(tmp_path / "backups")), now=datetime(2026, 3, 31, tzinfo=UTC))
    stand_in(script)
    said = failed(filled, tmp_path / "backups")
    assert re.search(sentence, said), said


def test_a_client_without_zstd_packs_with_gzip(filled: Any, tmp_path: Path, stand_in: Callable[[str], None]) -> None:
    refusal = "pg_dump: error: this build does not support compression with ZSTD"
    says = f'[ "$LC_ALL" = C ] && echo "{refusal}" >&2 || echo "pg_dump: エラー: 圧縮をサポートしていません" >&2'
    stand_in(f'case "$*" in *=zstd*) {says}; exit 1;; esac; exec "$REAL" "$@"')
    create_backup(filled.owner, store_of({}, str(tmp_path / "backups")))


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
        "from operations.backup.stores import store_of\nfrom operations.connection import conninfo_of\n"
        "root = Path(sys.argv[1])\n"
        "try:\n    create_backup(conninfo_of(), store_of({}, str(root)))\n"
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
    assert sentence == f"Cannot write to {tmp_path}: No space left on device; free some space or choose another place."
    assert left == "['.lock']"


def test_a_disk_that_fills_up_before_the_manifest(filled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "_name", full)
    assert (
        failed(filled, tmp_path)
        == f"Cannot write to {tmp_path}: No space left on device; free some space or choose another place."
    )


def test_a_folder_that_cannot_be(filled: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        OperationError, match=f"Cannot keep backups in {tmp_path}/file/x: Not a directory; choose another BACKUP_DIR"
    ):
        create_backup(filled.owner, store_of({}, str(tmp_path / "file" / "x")))


def waiting_dump(process: subprocess.Popen[str]) -> psutil.Process:
    """The pg_dump below *process*, once it is there."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in psutil.Process(process.pid).children(recursive=True):
            with suppress(psutil.Error):  # `pg_dump --version` has come and gone
                if child.name() == "pg_dump" and "-Fc" in child.cmdline():
                    return child
        time.sleep(0.02)
    raise AssertionError(process.communicate())


HOW = {"us, politely": signal.SIGTERM, "us, by Ctrl-C": signal.SIGINT, "us, at once": signal.SIGKILL}


@pytest.mark.parametrize("whom", ["pg_dump", "its session", "us, politely", "us, by Ctrl-C", "us, at once"])
def test_whoever_is_killed_publishes_nothing(filled: Any, tmp_path: Path, start: Start, whom: str) -> None:
    with psycopg.connect(filled.owner) as holder:
        holder.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")  # pg_dump waits here
        process = start("backup", "create", "--to", tmp_path / "b")
        dump = waiting_dump(process)
        assert "-w" in dump.cmdline(), "it never asks for a password"
        assert "ownerpw-7x" not in " ".join(dump.cmdline() + psutil.Process(process.pid).cmdline())
        if whom == "pg_dump":
            dump.kill()
        elif whom == "its session":
            query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pg_dump'"
            query += f" AND datname = '{filled.name}'"
            while not filled.rows(query, conninfo=filled.superuser)[0][0]:
                time.sleep(0.02)
        else:
            process.send_signal(HOW[whom])
        out, err = process.communicate(timeout=60)
    assert (process.returncode != 0, out, "Traceback" in err) == (True, "", False)
    assert err.startswith("Error: pg_dump ") == whom.startswith(("pg_dump", "its"))
    if whom == "us, at once":  # nobody was left to tidy up; the next run does
        assert files(tmp_path / "b") == [".partial"]
    else:
        assert files(tmp_path / "b") == []
        dump.wait(timeout=60)
    assert store_of({}, str(tmp_path / "b")).sets() == []
    again = start("backup", "create", "--to", tmp_path / "b")
    out, err = again.communicate(timeout=60)
    assert (again.returncode, err) == (0, "")
    assert [name.rpartition(".")[2] for name in files(tmp_path / "b")] == ["dump", "json"] * 2


def test_a_second_one_at_the_same_time_is_refused(filled: Any, tmp_path: Path) -> None:
    store = store_of({}, str(tmp_path))
    with (
        store.writing("one", 1),
        pytest.raises(OperationError, match=f"Another backup is being written to {tmp_path}; try again"),
    ):
        create_backup(filled.owner, store)
