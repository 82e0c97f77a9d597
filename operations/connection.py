"""Opens the one connection that an operation works on; a failure is one sentence and never holds the password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from operations.errors import OperationError, Refused

Session = psycopg.Connection[tuple[Any, ...]]

CONNECT_SECONDS = 10
"""Limit for one server's answer, where the connection string sets none (libpq would wait without end)."""

# What the server or libpq says, and which setting to look at. The text is all there is: psycopg gives a failed
# connection attempt no SQLSTATE.
_REMEDIES = (
    ("password authentication failed", "check DB_USER and DB_PASSWORD, or the secret that DB_SECRET_ID names"),
    ("no password supplied", "set DB_PASSWORD or DB_SECRET_ID"),
    ("certificate", "check DB_SSL_ROOT_CERT and DB_SSL_MODE"),
    ("pg_hba.conf", "check DB_USER, DB_NAME and DB_SSL_MODE"),
    ("read-only", "DB_HOST names no server that takes writes"),
    ("is in recovery", "DB_HOST names no server that takes writes"),
    ("database ", "check DB_NAME"),
)


class ConnectionFailed(OperationError):
    """One sentence: which server, as whom, why not, and which setting to look at."""


def conninfo_of(environ: Mapping[str, str] | None = None) -> str:
    """libpq's connection string for the writer, from the environment contract (default: the process environment).

    It holds the password: never print it. Raises Refused where the contract is not met, OperationError where the secret
    cannot be had.
    """
    # Imported here: pydantic and the secret stores' modules are of no use to a caller that has a connection string.
    from runtime.environment import DatabaseEnvironment
    from runtime.errors import EnvironmentProblem, SecretError
    from runtime.secrets import login_of

    try:
        environment = DatabaseEnvironment.from_environ(environ)
        login = login_of(environment)
    except EnvironmentProblem as error:
        raise Refused(f"{error}. Set the variables that are named, or pass --stack where a stack is meant.") from None
    except SecretError as error:
        raise OperationError(str(error)) from None
    return make_conninfo(
        "",
        host=",".join(environment.writer_hosts),
        port=environment.db_port,
        dbname=environment.db_name,
        user=login.username,
        password=login.password,
        sslmode=environment.db_ssl_mode,
        sslrootcert=environment.db_ssl_root_cert,
        target_session_attrs="read-write",
    )


def connect(conninfo: str, application: str) -> Session:
    """A connection in autocommit mode to a server that takes writes. Raises :class:`ConnectionFailed`."""
    settings = {
        "connect_timeout": str(CONNECT_SECONDS),
        "target_session_attrs": "read-write",
        # A connection that waits ten minutes for an index must not be dropped as idle by a NAT gateway or a balancer.
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "5",
        **conninfo_to_dict(conninfo),
        "application_name": application,
        "client_encoding": "UTF8",
    }
    try:
        return psycopg.connect(make_conninfo("", **settings), autocommit=True)
    except psycopg.Error as error:
        raise ConnectionFailed(f"cannot connect to {described(conninfo)}: {_reason(error, settings)}") from None


def described(conninfo: str) -> str:
    """``user@host:port/database`` for messages."""
    given = conninfo_to_dict(conninfo)
    return f"{given.get('user', '')}@{given.get('host', '')}:{given.get('port', '5432')}/{given.get('dbname', '')}"


def _reason(error: psycopg.Error, settings: dict[str, Any]) -> str:
    lines = dict.fromkeys(line.strip() for line in str(error).splitlines() if line.strip())
    text = "; ".join(lines).removeprefix("connection failed: ")
    password = settings.get("password")
    if password:
        text = text.replace(str(password), "***")
    remedy = next((cure for sign, cure in _REMEDIES if sign in text), "check DB_HOST and DB_PORT, and that the server runs")
    return f"{text}; {remedy}"
