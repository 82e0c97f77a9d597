"""Credentials that change, are wrong or cannot be had, on a real server."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from runtime.errors import DatabaseUnavailable
from runtime.secrets import Credentials
from runtime.secrets.file import FileSecret
from tests.runtime.cluster import LocalCluster
from tests.runtime.work import answer, fill

Connect = Callable[..., DatabaseManager]

SESSIONS = 6
"""Open when the password changes."""


class Counting:
    """The file secret, counted."""

    def __init__(self, cluster: LocalCluster) -> None:
        self.source = FileSecret(cluster.secret.as_uri())
        self.fetched = 0

    def fetch(self) -> Credentials:
        self.fetched += 1
        return self.source.fetch()


@pytest.fixture
def rotate(cluster: LocalCluster) -> Iterator[Callable[[str], None]]:
    """Changes the application's password; undone at the end."""
    before = cluster.password
    yield cluster.change_password
    cluster.change_password(before)


def test_a_rotation_costs_no_request_and_one_fetch(cluster: LocalCluster, rotate: Callable[[str], None]) -> None:
    source = Counting(cluster)
    environment = DatabaseEnvironment.from_environ(cluster.environ(DB_READER_HOST=None))
    stop = threading.Event()
    errors: list[psycopg.Error] = []
    answers: list[int] = []

    def client() -> None:
        while not stop.is_set():
            try:
                answers.append(answer(db))
            except psycopg.Error as error:
                errors.append(error)
            time.sleep(0.002)

    with DatabaseManager(environment, source=source) as db:
        fill(db, SESSIONS)
        threads = [threading.Thread(target=client) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        assert source.fetched == 1
        rotate("rotated-5e1d")
        time.sleep(1)
        stop.set()
        for thread in threads:
            thread.join()
    # A statement under way when its session is ended fails. The sessions are ended one after the other, so a client that
    # has lost one may meet the next before its turn: one error per session at most.
    assert len(errors) <= SESSIONS
    assert all(isinstance(error, psycopg.errors.AdminShutdown) or "terminat" in str(error) for error in errors), errors
    assert len(answers) > 200
    assert source.fetched == 2


def test_a_password_that_is_wrong_is_said_and_shown_nowhere(
    connect: Connect, cluster: LocalCluster, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "never-shown-7f3a"
    caplog.set_level(logging.DEBUG)
    db = connect(DB_SECRET_ID=None, DB_PASSWORD=wrong, DB_READER_HOST=None)
    with pytest.raises(DatabaseUnavailable, match='password authentication failed for user "shop_app"') as caught, db.writer():
        pass
    health = db.health()
    chain: BaseException | None = caught.value
    while chain is not None:
        assert wrong not in f"{chain!r} {chain} {vars(chain)}"
        chain = chain.__cause__ or chain.__context__
    assert wrong not in f"{health!r} {db!r} {vars(db)} {vars(db._writer)}"
    assert caplog.records
    assert wrong not in caplog.text
    assert wrong not in cluster.servers[0].spec.log.read_text()


def test_a_secret_that_cannot_be_read_is_the_reason_given(connect: Connect) -> None:
    db = connect(DB_SECRET_ID="file:///nowhere/db.json", DB_READER_HOST=None)
    with pytest.raises(DatabaseUnavailable, match=r"cannot read the secret file /nowhere/db\.json: No such file"), db.writer():
        pass
