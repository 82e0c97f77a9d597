"""What `backup create`, `list` and `verify` print, and the settings that they refuse."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from operations import place
from operations.backup import cli
from operations.backup.create import create_backup
from operations.backup.stores import store_of
from operations.place import Place

Start = Callable[..., subprocess.Popen[str]]
RUN = CliRunner()


@pytest.fixture
def filled(database: Any) -> Any:
    database.rows("CREATE TABLE t AS SELECT g AS n, md5(g::text) AS v FROM generate_series(1, 2000) AS g")
    return database


def test_the_list_shows_what_is_spoilt(filled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKUP_DIR", str(tmp_path / "b"))

    def listed(*command: str) -> tuple[int, str, str]:
        done = RUN.invoke(cli.app, command)
        return done.exit_code, done.stdout, done.stderr

    assert listed("list") == (0, f"no backups in file://{tmp_path}/b\n", "")
    report = create_backup(filled.owner, store_of({}, str(tmp_path / "b")), now=datetime.now(UTC) - timedelta(minutes=1))
    dump = tmp_path / "b" / report.backup.key
    (tmp_path / "b/daily/half.dump").write_bytes(b"PGDMP")
    code, out, err = listed("list")
    assert (code, [line.rpartition("  ")[2] for line in out.splitlines()]) == (0, ["good", "good"])
    assert err == "daily/half.dump has no manifest: not a backup; `backup prune` removes it after a day\n"

    data = bytearray(dump.read_bytes())
    data[len(data) // 2] ^= 1
    dump.unlink()  # its monthly twin is another name of the same file
    dump.write_bytes(data)
    assert listed("list")[0] == 0
    code, out, _ = listed("verify")
    assert (code, [line.rpartition("  ")[2] for line in out.splitlines()]) == (
        1,
        ["verified now", "corrupt: its checksum differs"],
    )
    code, out, _ = listed("list")  # what was found is not forgotten
    assert (code, [line.rpartition("  ")[2] for line in out.splitlines()]) == (1, ["good", "corrupt: its checksum differs"])

    dump.write_bytes(data[:-1])
    code, out, _ = listed("list", "--json")
    assert (code, [entry["problem"] for entry in json.loads(out)]) == (
        1,
        [None, f"corrupt: {len(data) - 1} bytes instead of {len(data)}"],
    )
    dump.with_name(f"{dump.name}.json").write_text("{")
    code, out, err = listed("list")
    assert (code, len(out.splitlines())) == (1, 1)
    assert f"{report.backup.key}.json cannot be read as a manifest: move it and its dump away\n" in err
    assert create_backup(filled.owner, store_of({}, str(tmp_path / "b"))).backup.problem is None  # it is in nobody's way


def test_a_local_stack_brings_its_own_place(filled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {**filled.environ(), "BACKUP_DIR": str(tmp_path), "BACKUP_RETENTION_DAYS": "7"}
    here = Place(name="local", environ=environ, handles={"provider": "local"}, remote=False)
    monkeypatch.setattr(place, "place_of", lambda stack: here)
    made = RUN.invoke(cli.app, ["create", "--stack", "local"])
    assert (made.exit_code, made.stderr) == (0, "")
    assert len(store_of({}, str(tmp_path)).sets()) == 2


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        (
            {"BACKUP_DIR": ""},
            2,
            "No place for the backups: set one of BACKUP_DIR, BACKUP_S3_BUCKET, BACKUP_GCS_BUCKET, or pass --to.",
        ),
        ({"BACKUP_RETENTION_DAYS": "0"}, 2, "BACKUP_RETENTION_DAYS is '0'; it must be a number of days from 1 to 36500."),
        ({"BACKUP_RETENTION_DAYS": "9" * 99}, 2, "it must be a number of days from 1 to 36500."),
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
