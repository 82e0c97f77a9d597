"""How one connection is made: fresh credentials each time, TLS, timeouts; and why the last attempt failed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from psycopg import Error, OperationalError
from psycopg.rows import dict_row

from runtime.environment import DatabaseEnvironment
from runtime.errors import SecretError
from runtime.metrics import Tell
from runtime.secrets import CachedSource, Credentials, TokenSource

T = TypeVar("T")

logger = logging.getLogger("runtime.connector")

KEEPALIVE = {
    # Seconds, for a query that waits for its answer. With the guides' 30/10/5 it learns after more than half a minute that the
    # network is gone.
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    # Milliseconds. Keepalives never fire while something is being sent: without this a send into a dead network hangs
    # for a quarter of an hour. Measured with both: 5.1 to 5.6 s, waiting and sending.
    "tcp_user_timeout": 5000,
}

REFUSED = (
    "authentication failed",  # PostgreSQL; PgBouncer ("SASL authentication failed")
    "that was provided for the role",  # RDS Proxy: the password is wrong
    "no credentials for the role",  # RDS Proxy: of a user whom it does not know yet, or no longer
)
"""What a refused login says. psycopg gives no SQLSTATE for a connection that was not made."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Connecting fails since *since* (monotonic seconds); *reason* is the newest one, in one line."""

    since: float
    reason: str


class Connector:
    """Makes the connections of one pool.

    session: libpq's ``target_session_attrs``. read_only: transactions are begun READ ONLY, so that the server refuses writes
    wherever the connection ended up. statement_timeout: seconds, None for no limit. tell: who is told of each attempt, or None.
    ``failure`` is None while the newest attempt succeeded (or none was made). ``cleared_at``: what was begun before (monotonic
    seconds) is of no use any more.
    """

    def __init__(
        self,
        environment: DatabaseEnvironment,
        source: CachedSource | TokenSource,
        *,
        hosts: tuple[str, ...],
        session: str,
        read_only: bool,
        application_name: str,
        statement_timeout: float | None = None,
        tell: Tell | None = None,
    ) -> None:
        self._source = source
        self._hosts = hosts
        self.statement_timeout = statement_timeout
        self.tell = tell
        self.read_only = read_only
        # No "options" among them: poolers in front of a server (PgBouncer and its like, RDS Proxy) refuse such a client.
        self._parameters: dict[str, Any] = {
            "host": ",".join(hosts),
            "port": environment.db_port,
            "dbname": environment.db_name,
            "sslmode": environment.db_ssl_mode,
            "sslrootcert": environment.db_ssl_root_cert,
            "target_session_attrs": session,
            # Seconds for each host. The guides' 10 for one; among several a dead first one must leave time for the second within
            # the 5 s that a caller waits. Where a standby is preferred all are tried twice; 2 is the least that libpq takes.
            "connect_timeout": 10 if len(hosts) == 1 else 2 if session == "prefer-standby" else 3,
            "gssencmode": "disable",
            "application_name": application_name,
            "row_factory": dict_row,
            **KEEPALIVE,
        }
        self.address = f"{','.join(hosts)}:{environment.db_port}/{environment.db_name}"
        self.failure: Failure | None = None
        self.cleared_at = 0.0

    def connect(self, make: Callable[..., T]) -> T:
        """Calls *make* with the parameters; once more with newer credentials where the login was refused.

        Raises what *make* raises (``psycopg.Error``), or ``SecretError``; and what a source did not foresee.
        """
        started = time.monotonic()
        try:
            made = self._log_in(make)
        except Exception as error:
            if self.tell:
                self.tell("connect failed", time.monotonic() - started)
            reason = one_line(error) if isinstance(error, Error) else type(error).__name__  # its text may hold anything
            if self.failure is None:
                logger.warning("cannot connect to %s: %s", self.address, reason)
            self.failure = Failure(since=self.failure.since if self.failure else time.monotonic(), reason=reason)
            raise
        if self.tell:
            self.tell("connect", time.monotonic() - started)
        if self.failure is not None:
            logger.warning("connected to %s again after %.1f s", self.address, time.monotonic() - self.failure.since)
            self.failure = None
        return made

    def _log_in(self, make: Callable[..., T]) -> T:
        source = self._source
        return self._by_secret(make, source) if isinstance(source, CachedSource) else self._by_token(make, source)

    def _by_token(self, make: Callable[..., T], source: TokenSource) -> T:
        """Host by host, because each has a token of its own: the first one that lets us in."""
        failures: list[str] = []
        for host in self._hosts:
            try:
                return self._make(make, source.token(host), host=host)
            except SecretError:
                raise
            except OperationalError as error:
                failures.append(one_line(error))
        raise OperationalError("; ".join(dict.fromkeys(failures)))

    def _by_secret(self, make: Callable[..., T], source: CachedSource) -> T:
        credentials = source.fetch()
        try:
            return self._make(make, credentials)
        except OperationalError as error:
            if not any(text in str(error) for text in REFUSED):
                raise
            newer = source.refresh(credentials)
            if newer == credentials:
                raise
        return self._make(make, newer)

    def _make(self, make: Callable[..., T], credentials: Credentials, **changed: str) -> T:
        parameters = {**self._parameters, **changed}
        return make(**parameters, user=credentials.username, password=credentials.password)


def one_line(error: Exception) -> str:
    """The text of *error* in one line; of several hosts' failures, which psycopg lists below one another, each once."""
    text = str(error)
    _, marker, attempts = text.partition("All failures were:\n")
    if marker:
        reasons = [line.partition("connection failed: ")[2] or line for line in attempts.splitlines() if line.startswith("- ")]
        text = "; ".join(dict.fromkeys(reasons))
    return " ".join(text.split())
