"""The environment contract, read once. The only place in ``runtime`` that reads ``os.environ``.

A field is the variable's name in small letters. Variables of the contract that only other programs read are not here:
DATABASE_URL (libpq), DB_ENGINE and DB_CONN_* (Django).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from runtime.errors import EnvironmentProblem
from runtime.secrets.reference import FORMS, is_reference

Login = Literal["password", "rds-iam", "cloudsql-iam"]

SslMode = Literal["disable", "require", "verify-ca", "verify-full"]
"""``allow`` and ``prefer`` are left out: they fall back to plain text or to an unverified server without a word."""


def _port(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise PydanticCustomError("port", "is {text}, not a port number from 1 to 65535", {"text": repr(text)})
    return int(text)


Port = Annotated[int, BeforeValidator(_port)]


def _hosts(value: str | None) -> tuple[str, ...]:
    return tuple(host.strip() for host in (value or "").split(",") if host.strip())


class _Contract(BaseModel):
    # Errors carry the input otherwise, and the input may be a password.
    model_config = ConfigDict(frozen=True, validate_default=True, hide_input_in_errors=True)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Reads *environ* (default: the process environment). An empty variable counts as absent.

        Raises ``EnvironmentProblem``: one sentence with every problem, each naming its variable, no secret shown.
        """
        source = os.environ if environ is None else environ
        given = {name: source[name.upper()] for name in cls.model_fields if source.get(name.upper())}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = "; ".join(_problem(detail) for detail in error.errors(include_input=False, include_url=False))
        raise EnvironmentProblem(f"the environment does not meet the contract: {problems}")


def _problem(detail: ErrorDetails) -> str:
    variable = str(detail["loc"][0]).upper()
    if detail["type"] == "missing":
        return f"{variable} is missing"
    if detail["type"] == "literal_error":
        return f"{variable} must be one of {detail['ctx']['expected']}"
    return f"{variable} {detail['msg']}"


class DatabaseEnvironment(_Contract):
    """Where the database is and how to log in.

    db_host: the writer, or a comma-separated list of nodes of which one is; db_reader_host: likewise, preferred for
    reading, default db_host. db_ssl_mode: default ``verify-full``; the verify modes need db_ssl_root_cert, the path of a
    CA file (or ``system``). Credentials: db_secret_id, a reference that is fetched and fetched again when a login fails
    (see ``runtime.secrets``), or db_user and db_password, which cannot change while the process runs. db_login ``rds-iam``
    or ``cloudsql-iam`` (default ``password``): db_user logs in with the process's own identity, and there is no password.
    """

    db_name: str
    db_host: str
    db_port: Port = 5432
    db_reader_host: str | None = None
    db_ssl_mode: SslMode = "verify-full"
    db_ssl_root_cert: str | None = None
    db_user: str | None = None
    db_password: SecretStr | None = None
    db_login: Login = "password"
    db_secret_id: str | None = None

    @field_validator("db_host", "db_reader_host")
    @classmethod
    def _names_a_host(cls, value: str | None) -> str | None:
        if value is not None and not _hosts(value):
            raise PydanticCustomError("hosts", "names no host")
        return value

    @field_validator("db_ssl_root_cert")
    @classmethod
    def _has_a_ca(cls, value: str | None, info: ValidationInfo) -> str | None:
        mode = info.data.get("db_ssl_mode")
        if value is None and mode in ("verify-ca", "verify-full"):
            raise PydanticCustomError("ca", "is missing: DB_SSL_MODE={mode} needs the path of a CA file", {"mode": mode})
        if value not in (None, "system") and not Path(value).is_file():
            raise PydanticCustomError("ca", "is {path}, where there is no file", {"path": repr(value)})
        return value

    @field_validator("db_login")
    @classmethod
    def _may_send_a_token(cls, value: Login, info: ValidationInfo) -> Login:
        if value != "password" and not info.data.get("db_user"):
            raise PydanticCustomError(
                "user", "is {login}, which needs DB_USER, the user's name in the database", {"login": value}
            )
        if value != "password" and info.data.get("db_ssl_mode") == "disable":
            raise PydanticCustomError("token", "is {login}, whose tokens must not be sent without TLS", {"login": value})
        return value

    @field_validator("db_secret_id")
    @classmethod
    def _has_credentials(cls, value: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("db_login", "password") != "password":
            return value
        if value is None and not (info.data.get("db_user") and info.data.get("db_password")):
            raise PydanticCustomError("login", "is missing, and so is DB_USER with DB_PASSWORD: one of the two is needed")
        if value is not None and not is_reference(value):
            raise PydanticCustomError("secret", "must be {forms}", {"forms": FORMS})
        return value

    @property
    def writer_hosts(self) -> tuple[str, ...]:
        return _hosts(self.db_host)

    @property
    def reader_hosts(self) -> tuple[str, ...]:
        """The reader's hosts, then those of the writer: with no standby left, reads go to the writer."""
        return tuple(dict.fromkeys(_hosts(self.db_reader_host) + self.writer_hosts))

    @property
    def has_reader(self) -> bool:
        """Whether reading has an address of its own."""
        return _hosts(self.db_reader_host) not in ((), self.writer_hosts)


class ApplicationEnvironment(DatabaseEnvironment):
    """All that the reference application reads: the database, its own address, the cache where there is one.

    host: address to listen on, default all (``0.0.0.0``, what a container needs). port: default 8000.
    environment: free text, shown by ``GET /``.
    """

    host: str = "0.0.0.0"
    port: Port = 8000
    environment: str = "development"
    redis_host: str | None = None
    redis_port: Port = 6379
    redis_tls: bool = False
    redis_password: SecretStr | None = None
    redis_url: SecretStr | None = None
