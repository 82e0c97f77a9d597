"""An application under load while its logins rotate: no request fails, whichever way it gets its login."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest

from operations.rotation.google import secret_manager as client
from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from runtime.secrets import Credentials
from runtime.secrets.file import FileSecret
from runtime.secrets.gcp import GcpSecret
from tests.operations.rotate.logins import Logins

CLIENTS = 3
REQUESTS = 30
"""Of all clients together after each rotation, so that each has used a new connection."""


@pytest.fixture(params=["in_files", "at_google"])
def logins(request: pytest.FixtureRequest) -> Logins:
    found: Logins = request.getfixturevalue(request.param)
    return found


class Counting:
    """The secret of the application, and what was fetched from it."""

    def __init__(self, logins: Logins) -> None:
        reference = logins.environ["DB_APPLICATION_SECRET_ID"]
        self.source = GcpSecret(reference, client=client()) if logins.store else FileSecret(reference)
        self.fetched: list[Credentials] = []

    def fetch(self) -> Credentials:
        self.fetched.append(self.source.fetch())
        return self.fetched[-1]


def test_no_request_fails(logins: Logins) -> None:
    source = Counting(logins)
    environment = DatabaseEnvironment.from_environ({**logins.environ, "DB_SECRET_ID": logins.environ["DB_APPLICATION_SECRET_ID"]})
    stop, errors, done = threading.Event(), list[Exception](), list[int]()

    def work() -> None:
        while not stop.is_set():
            try:
                with db.writer() as connection:
                    connection.execute("SELECT 1")
                done.append(1)
            except Exception as error:
                errors.append(error)
            time.sleep(0.005)

    with DatabaseManager(environment, source=source, min_size=1, max_size=4) as db:
        threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(3):
                started_with = logins.value()["url"]
                logins.rotate("application", **logins.pin())
                # A program that has only the login that it was started with makes new connections too.
                psycopg.connect(started_with).close()
                # All connections are made anew, as at the end of their lifetime; the cached login may be of a turn before.
                db._writer.clear()
                enough, deadline = len(done) + REQUESTS, time.monotonic() + 60
                while len(done) < enough and time.monotonic() < deadline:
                    time.sleep(0.01)
                assert len(done) >= enough
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert not errors, errors[:3]
    assert len(source.fetched) == 2, "at first, and once when its user's turn had come again"
