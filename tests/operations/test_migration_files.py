"""What is refused before a database is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from operations.migrate.files import MigrationError, MigrationFile, Record, problem_of, read_files


def record_of(file: MigrationFile, **changes: str) -> Record:
    given = {"name": file.name, "sha256": file.sha256} | changes
    return Record(version=file.version, **given, applied_at=datetime(2026, 5, 1, 9, 30, tzinfo=UTC), seconds=0.1, applied_by="x")


def test_files_come_by_number_and_other_files_are_left_alone(folder: Callable[..., Path]) -> None:
    directory = folder(**{"010_c": "SELECT 3", "002_b": "SELECT 2", "001_a": "SELECT 1"})
    (directory / "README.md").write_text("no migration")
    (directory / "sample").mkdir()
    (directory / "sample" / "rows.sql").write_text("INSERT")
    assert [(file.version, file.name) for file in read_files(directory)] == [
        (1, "001_a.sql"),
        (2, "002_b.sql"),
        (10, "010_c.sql"),
    ]


def test_line_ends_of_a_windows_checkout_are_no_edit(tmp_path: Path) -> None:
    (tmp_path / "001_a.sql").write_bytes(b"SELECT 1;\nSELECT 2;\n")
    [unix] = read_files(tmp_path)
    (tmp_path / "001_a.sql").write_bytes(b"SELECT 1;\r\nSELECT 2;\r\n")
    [windows] = read_files(tmp_path)
    assert windows.sha256 == unix.sha256


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "holds no file NNN_name.sql; name the folder of the migrations with --directory"),
        ({"1_a": ""}, "1_a.sql is not named like a migration; call it NNN_what_it_does.sql, or move it away"),
        ({"001_a": "", "0001_b": ""}, "0001_b.sql and 001_a.sql have the same number; give one of them the next"),
    ],
)
def test_a_bad_folder(folder: Callable[..., Path], files: dict[str, str], sentence: str) -> None:
    with pytest.raises(MigrationError) as caught:
        read_files(folder(**files))
    assert str(caught.value).endswith(sentence)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match=f"there is no folder {tmp_path}/gone; name the folder"):
        read_files(tmp_path / "gone")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "001_a.sql").write_bytes(b"SELECT '\xff'")
    with pytest.raises(MigrationError, match=r"cannot read .*001_a\.sql as UTF-8 text"):
        read_files(tmp_path)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("-- nothing yet\n", "001_a.sql holds no SQL statement; write one, or delete the file"),
        ("SELECT 1;\nSELECT 'x", "001_a.sql line 2: the quote that begins here has no end; close it"),
        ("SELECT 1;\nCOMMIT;", "001_a.sql line 2: COMMIT is not allowed, the whole file already runs in one transaction"),
        ("BEGIN;\nSELECT 1;\nEND;", "001_a.sql line 1: BEGIN is not allowed"),
        ("\\connect other", "001_a.sql line 1: a psql command; a migration holds SQL only, take it out"),
        ("COPY t FROM STDIN;\n1\n\\.\n", "001_a.sql line 1: COPY FROM STDIN brings no data here; use INSERT"),
        ("-- transactional: no\nSELECT 1", "001_a.sql: '-- transactional:' takes true or false, not 'no'"),
        (
            "-- transactional: false\nVACUUM;\nVACUUM;",
            "001_a.sql line 3: a file with '-- transactional: false' holds one statement",
        ),
        (
            "-- transactional: false\nCREATE INDEX CONCURRENTLY i ON t (a)",
            "001_a.sql line 2: write CONCURRENTLY IF NOT EXISTS, so that the file can be run again",
        ),
        ("-- transactional: false\nDROP INDEX CONCURRENTLY i", "001_a.sql line 2: write CONCURRENTLY IF EXISTS"),
        ("-- transactional: false\nALTER TYPE mood ADD VALUE 'calm'", "001_a.sql line 2: write VALUE IF NOT EXISTS"),
        ("-- transactional: false\nINSERT INTO t VALUES (1)", "001_a.sql line 2: INSERT belongs in a transaction"),
        ("-- transactional: false\nWITH a AS (SELECT 1) DELETE FROM t", "001_a.sql line 2: WITH belongs in a transaction"),
    ],
)
def test_a_file_that_could_be_half_applied(folder: Callable[..., Path], text: str, sentence: str) -> None:
    [file] = read_files(folder(**{"001_a": text}))
    with pytest.raises(MigrationError) as caught:
        file.check()
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    "text",
    [
        "SAVEPOINT a; SELECT 1; ROLLBACK TO a",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END",
        "-- transactional: false\nREINDEX INDEX CONCURRENTLY i",
        "-- transactional: false\nALTER TYPE mood ADD VALUE IF NOT EXISTS 'calm'",
        "-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)",
        "-- Transactional: TRUE\nSELECT 1",
    ],
)
def test_a_file_that_is_fine(folder: Callable[..., Path], text: str) -> None:
    [file] = read_files(folder(**{"001_a": text}))
    file.check()


def test_what_disagrees_is_named_with_its_hashes(folder: Callable[..., Path]) -> None:
    first, second, third = read_files(folder(**{"001_a": "SELECT 1", "002_b": "SELECT 2", "003_c": "SELECT 3"}))
    records = [record_of(file) for file in (first, second, third)]
    assert problem_of([first, second, third], records) is None
    assert problem_of([first, second, third], records[:1]) is None

    edited = problem_of([first, second, third], [record_of(first, sha256="0" * 64)])
    assert edited is not None
    assert edited.startswith(
        f"001_a.sql was edited after it was applied: sha256 {first.sha256} now, {'0' * 64} when applied on 2026-05-01 09:30"
    )
    missing = problem_of([first, third], records)
    assert missing is not None
    assert missing.startswith(f"002_b.sql (sha256 {second.sha256}) was applied on 2026-05-01 09:30 but the file is missing")
    late = problem_of([first, second, third], [records[0], records[2]])
    assert late is not None
    assert late.startswith(
        f"002_b.sql (sha256 {second.sha256}) is out of order: 003_c.sql (sha256 {third.sha256}) was applied before it"
    )
    renamed = problem_of([first], [record_of(first, name="001_old.sql")])
    assert renamed == "001_old.sql was applied but is now called 001_a.sql; give the file its old name back"


def test_an_older_release_may_be_allowed_but_a_hole_never(folder: Callable[..., Path]) -> None:
    first, second, third = read_files(folder(**{"001_a": "SELECT 1", "002_b": "SELECT 2", "003_c": "SELECT 3"}))
    records = [record_of(file) for file in (first, second, third)]
    assert problem_of([first, second], records) is not None
    assert problem_of([first, second], records, allow_newer=True) is None
    assert "002_b.sql" in (problem_of([first, third], records, allow_newer=True) or "")
