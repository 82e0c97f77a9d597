"""Questions that change nothing, block nobody, and leave nothing behind in a session that a pooler may hand to others."""

from __future__ import annotations

import psycopg
import pytest

from operations.condition.session import asking
from operations.errors import OperationError
from tests.operations.conftest import Database

SETTINGS = ("statement_timeout", "lock_timeout", "default_transaction_read_only", "transaction_read_only")


def test_limits_hold_for_a_question_and_no_longer(database: Database) -> None:
    with asking(database.owner, "test") as server:
        during = [server.row("SELECT current_setting(%s)", [name])[0] for name in SETTINGS]
        after = [server._session.execute("SELECT current_setting(%s)", [name]).fetchone() for name in SETTINGS]
    assert during == ["10s", "2s", "off", "on"]
    assert after == [("0",), ("0",), ("off",), ("off",)]


def test_nothing_is_changed_and_a_failed_question_ends_in_a_sentence(database: Database) -> None:
    with (
        pytest.raises(OperationError, match=r"does not answer as it should: .* read-only transaction"),
        asking(database.owner, "test") as server,
    ):
        server.rows("CREATE TABLE things (id int)")
    with asking(database.owner, "test") as server:
        with pytest.raises(psycopg.errors.UndefinedTable):
            server.rows("SELECT * FROM nowhere")
        assert server.row("SELECT 1") == (1,), "the session goes on"


def test_a_server_that_is_ended_meanwhile(database: Database) -> None:
    def ended() -> None:
        with asking(database.owner, "test") as server, psycopg.connect(database.superuser, autocommit=True) as root:
            root.execute("SELECT pg_terminate_backend(%s)", [server.info.backend_pid])
            server.rows("SELECT 1")

    with pytest.raises(OperationError, match="terminating connection") as caught:
        ended()
    assert "ownerpw-7x" not in str(caught.value)
