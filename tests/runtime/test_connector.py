"""How one connection is made, without a server: what is taken for a refused login, and why connecting fails."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import OperationalError

from runtime.connector import Connector
from runtime.environment import DatabaseEnvironment
from runtime.pool import Pool, _try_again
from runtime.secrets import CachedSource, Credentials

ENVIRONMENT = DatabaseEnvironment.from_environ(
    {"DB_NAME": "shop", "DB_HOST": "127.0.0.1", "DB_SSL_MODE": "disable", "DB_USER": "u", "DB_PASSWORD": "p"}
)


class Rotated:
    """Gives another login at each fetch."""

    def __init__(self) -> None:
        self.fetched = 0

    def fetch(self) -> Credentials:
        self.fetched += 1
        return Credentials(username="u", password=f"secret-{self.fetched}")


def refused(**_: Any) -> None:
    raise OperationalError("connection failed: Connection refused")


def connector(source: Any = None, *, hosts: tuple[str, ...] = ("127.0.0.1",), session: str = "any") -> Connector:
    source = CachedSource(source or Rotated(), clock=iter(range(0, 1000, 60)).__next__)
    return Connector(ENVIRONMENT, source, hosts=hosts, session=session, read_only=False, application_name="test")


@pytest.mark.parametrize(
    "refusal",
    [
        'connection failed: FATAL: password authentication failed for user "u"',
        "connection failed: FATAL: The password that was provided for the role u is wrong.",
        "connection failed: FATAL: This RDS proxy has no credentials for the role u. Check the credentials for this role.",
        "connection failed: FATAL: SASL authentication failed",
    ],
)
def test_a_refused_login_fetches_the_newer_one(refusal: str) -> None:
    """Also where a proxy or a pooler says so in words of its own."""

    def make(**parameters: Any) -> str:
        if parameters["password"] == "secret-1":
            raise OperationalError(refusal)
        return str(parameters["password"])

    assert connector().connect(make) == "secret-2"


def test_another_failure_does_not() -> None:
    source = Rotated()

    with pytest.raises(OperationalError):
        connector(source).connect(refused)
    assert source.fetched == 1


def test_what_a_source_did_not_foresee_is_named_and_not_shown() -> None:
    class Broken:
        def fetch(self) -> Credentials:
            raise KeyError("secret-1")

    one = connector(Broken())
    with pytest.raises(KeyError):
        one.connect(lambda **_: None)
    assert one.failure is not None
    assert one.failure.reason == "KeyError"


def test_a_dead_standby_leaves_time_for_the_next_host() -> None:
    """Each of several is given so long, where a standby is preferred twice: callers wait 5 s."""
    limits: list[int] = []
    for hosts, session in ((("a",), "any"), (("a", "b"), "read-write"), (("a", "b"), "prefer-standby")):
        connector(hosts=hosts, session=session).connect(lambda **parameters: limits.append(parameters["connect_timeout"]))
    assert limits == [10, 3, 2]


def test_nobody_who_tries_means_nothing_is_known_to_be_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """One replacement fails while another connection is idle: later callers are not refused for it."""
    one = connector()
    pool = Pool(one, name="writer", min_size=0, max_size=1, max_lifetime=60, max_idle=60)
    with pytest.raises(OperationalError):
        one.connect(refused)
    assert one.failure is not None
    monkeypatch.setattr(pool, "get_stats", lambda: {"pool_available": 1})
    _try_again(pool)
    assert one.failure is None
