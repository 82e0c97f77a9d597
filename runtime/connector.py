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
from runtime.secrets import CachedSource, Credentials

T = TypeVar("T")

logger = logging.getLogger("runtime.connector")

KEEPALIVE = {
    # A query that waits for its answer: the guides' figures.
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 5,
    # Milliseconds. Keepalives never fire while something is being sent: without this a send into a dead network hangs
    # for a quarter of an hour. Measured with both: 5.1 to 5.6 s (waiting needs an idle of 2 s for that).
    "tcp_user_timeout": 5000,
}

REFUSED = ("password authentication failed", "PAM authentication failed")
"""What a refused login says; PAM is IAM login on RDS. psycopg gives no SQLSTATE for a connection that was not made."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Connecting fails since *since* (monotonic seconds); *reason* is the newest one, in one line."""

    since: float
    reason: str


class Connector:
    """Makes the connections of one pool.

    session: libpq's ``target_session_attrs``. read_only: transactions are begun READ ONLY, so that the server refuses writes
    wherever the connection ended up.
    ``failure`` is None while the newest attempt succeeded (or none was made).
    """

    def __init__(
        self,
        environment: DatabaseEnvironment,
        source: CachedSource,
        *,
        hosts: tuple[str, ...],
        session: str,
        read_only: bool,
        application_name: str,
    ) -> None:
        self._source = source
        self.read_only = read_only
        # No "options" among them: poolers in front of a server (PgBouncer and its like, RDS Proxy) refuse such a client.
        self._parameters: dict[str, Any] = {
            "host": ",".join(hosts),
            "port": environment.db_port,
            "dbname": environment.db_name,
            "sslmode": environment.db_ssl_mode,
            "sslrootcert": environment.db_ssl_root_cert,
            "target_session_attrs": session,
            # Seconds for each host. The guides' 10 for one; among several a dead first one must leave time for the
            # second within the 5 s that a caller waits.
            "connect_timeout": 10 if len(hosts) == 1 else 3,
            "gssencmode": "disable",
            "application_name": application_name,
            "row_factory": dict_row,
            **KEEPALIVE,
        }
        self.address = f"{','.join(hosts)}:{environment.db_port}/{environment.db_name}"
        self.failure: Failure | None = None

    def connect(self, make: Callable[..., T]) -> T:
        """Calls *make* with the parameters; once more with newer credentials where the login was refused.

        Raises what *make* raises (``psycopg.Error``), or ``SecretError``.
        """
        try:
            made = self._log_in(make)
        except Error as error:
            reason = one_line(error)
            if self.failure is None:
                logger.warning("cannot connect to %s: %s", self.address, reason)
            self.failure = Failure(since=self.failure.since if self.failure else time.monotonic(), reason=reason)
            raise
        if self.failure is not None:
            logger.warning("connected to %s again after %.1f s", self.address, time.monotonic() - self.failure.since)
            self.failure = None
        return made

    def _log_in(self, make: Callable[..., T]) -> T:
        credentials = self._source.fetch()
        try:
            return self._make(make, credentials)
        except OperationalError as error:
            if not any(text in str(error) for text in REFUSED):
                raise
            newer = self._source.refresh(credentials)
            if newer == credentials:
                raise
        return self._make(make, newer)

    def _make(self, make: Callable[..., T], credentials: Credentials) -> T:
        return make(**self._parameters, user=credentials.username, password=credentials.password)


def one_line(error: Exception) -> str:
    """The text of *error* in one line; of several hosts' failures, which psycopg lists below one another, each once."""
    text = str(error)
    _, marker, attempts = text.partition("All failures were:\n")
    if marker:
        reasons = [line.partition("connection failed: ")[2] or line for line in attempts.splitlines() if line.startswith("- ")]
        text = "; ".join(dict.fromkeys(reasons))
    return " ".join(text.split())
