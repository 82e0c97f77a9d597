"""The end of ``data move`` and ``data load``, ANALYZE and COMMIT: whatever happens there, what is said of the rows is true."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from operations.data_move.move import analyze
from tests.operations.data_move.moves import counts, run

INDEX = """
    CREATE FUNCTION looked_at(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
        IF current_query() LIKE 'ANALYZE%' THEN {} END IF;
        RETURN $1;
    END $$;
    CREATE INDEX ON users (looked_at(email));
"""
FAILS = "RAISE 'relation \"helper\" does not exist';"
"""As a function does that finds nothing in PostgreSQL 17's narrow search_path."""
DIES = "PERFORM pg_terminate_backend(pg_backend_pid());"


@pytest.fixture(params=["move", "load"])
def words(request: pytest.FixtureRequest, file: Path, tmp_path: Path) -> list[str]:
    csv = tmp_path / "users.csv"
    csv.write_text("id,email,created\n7,a@x,2026-01-01\n9,b@x,2026-01-02\n")
    return ["move", "--from", f"sqlite:///{file}"] if request.param == "move" else ["load", str(csv), "--table", "users"]


def test_no_statistics_are_no_reason_to_lose_the_rows(target: Any, words: list[str]) -> None:
    target.rows(INDEX.format(FAILS))
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert counts(target)[0] == 2
    assert "public.users: no statistics, until ANALYZE makes them: relation" in done.stderr
    assert "Nothing" not in done.output
    assert "No row" not in done.output


def test_a_connection_that_is_lost_there_leaves_no_rows(target: Any, words: list[str]) -> None:
    target.rows(INDEX.format(DIES))
    failed = run(*words)
    assert failed.exit_code == 1, failed.output
    assert ("Nothing was moved." if words[0] == "move" else "No row was loaded.") in failed.stderr
    assert counts(target) == (0, 0)


def test_a_connection_that_is_lost_at_the_end_leaves_nobody_who_knows(
    target: Any, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def analyze_and_end(session: Any, tables: Any, say: Any) -> None:
        analyze(session, tables, say)
        target.rows(f"SELECT pg_terminate_backend({session.info.backend_pid}, 5000)")

    monkeypatch.setattr(f"operations.data_move.{words[0]}.analyze", analyze_and_end)
    failed = run(*words)
    assert failed.exit_code == 1, failed.output
    assert "Whether the rows are there is not known, as this was at the very end: look before you do it again." in failed.stderr
    assert not any(sure in failed.stderr for sure in ("Nothing was moved", "No row was loaded", "Traceback"))
