"""What can go wrong in the runtime, one tree; each message is one sentence and never holds a password.

EnvironmentProblem      the environment contract is not met (missing or bad variables), raised once at start
SecretError             the credentials cannot be fetched or are not what they should be
DatabaseUnavailable     no connection to be had in time; the reason of the last failed attempt is in the text
  PoolExhausted         every connection is in use; the server itself is well
StatementTimeout        a statement took too long and was cancelled
DuplicateUser           the e-mail address or the user name is taken
"""

from __future__ import annotations

from psycopg import OperationalError
from psycopg.errors import QueryCanceled
from psycopg_pool import PoolTimeout


class EnvironmentProblem(ValueError):
    """The environment does not meet the contract; the text names every variable at fault."""


class SecretError(OperationalError):
    """The secret is missing, denied, unreachable or malformed.

    An ``OperationalError``: to a caller waiting for a connection it is one more reason why there is none.
    """


class DatabaseUnavailable(PoolTimeout):
    """No connection within the time a caller waits. A ``PoolTimeout``, so code written for psycopg_pool catches it."""


class PoolExhausted(DatabaseUnavailable):
    """All connections of the pool are in use and none came free in time."""


class StatementTimeout(QueryCanceled):
    """A statement took longer than the manager's ``statement_timeout``. Of a COMMIT the outcome is unknown."""


class DuplicateUser(Exception):
    """Another user, perhaps a deleted one, has this e-mail address or user name (``field`` says which)."""

    def __init__(self, field: str) -> None:
        super().__init__(f"a user with this {field} exists already")
        self.field = field
