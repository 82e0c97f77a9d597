"""``SecretSource``, the credentials it gives, and the choice of one by the form of DB_SECRET_ID."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from runtime.errors import SecretError
from runtime.secrets.reference import AWS, GCP

if TYPE_CHECKING:
    from runtime.environment import DatabaseEnvironment


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A login. The password does not show in ``repr``."""

    username: str
    password: str = field(repr=False)


class SecretSource(Protocol):
    """A place that holds the credentials: the same for every connection until they are changed there."""

    def fetch(self) -> Credentials:
        """The credentials as they are there now. Blocks a few seconds at most; raises ``SecretError``."""
        ...


@runtime_checkable
class TokenSource(Protocol):
    """Makes a login for each connection anew; it soon expires, and may be good for one address only."""

    def token(self, host: str) -> Credentials:
        """The login for a connection to *host* that is made now. Blocks a few seconds at most; raises ``SecretError``."""
        ...


@dataclass(frozen=True, kw_only=True)
class EnvironmentSecret:
    """DB_USER and DB_PASSWORD: fixed for the life of the process, so a rotation needs a restart."""

    credentials: Credentials

    def fetch(self) -> Credentials:
        return self.credentials


def source_of(environment: DatabaseEnvironment) -> SecretSource | TokenSource:
    """The source that DB_LOGIN says; with passwords the one that DB_SECRET_ID names, without it DB_USER and DB_PASSWORD.

    Nothing is fetched here, and a cloud's SDK is imported at the first fetch: an application starts, and says that it is
    alive, while the secret store is away.
    """
    from runtime.secrets.aws import AwsSecret
    from runtime.secrets.cloudsql_token import CloudSqlToken
    from runtime.secrets.file import FileSecret
    from runtime.secrets.gcp import GcpSecret
    from runtime.secrets.rds_token import RdsToken

    if environment.db_login != "password":
        assert environment.db_user is not None  # checked by the model
        if environment.db_login == "rds-iam":
            return RdsToken(user=environment.db_user, port=environment.db_port)
        return CloudSqlToken(user=environment.db_user)
    reference = environment.db_secret_id
    if reference is None:
        assert environment.db_user is not None  # both checked by the model
        assert environment.db_password is not None
        login = Credentials(username=environment.db_user, password=environment.db_password.get_secret_value())
        return EnvironmentSecret(credentials=login)
    if AWS.fullmatch(reference):
        return AwsSecret(reference)
    if GCP.fullmatch(reference):
        return GcpSecret(reference)
    return FileSecret(reference)


def login_of(environment: DatabaseEnvironment) -> Credentials:
    """The login for one connection to the writer that is made now. Raises ``SecretError``."""
    source = source_of(environment)
    return source.token(environment.writer_hosts[0]) if isinstance(source, TokenSource) else source.fetch()


def credentials_in(text: str | bytes, where: str) -> Credentials:
    """Reads the JSON of a secret; *where* names it in errors. Only ``username`` and ``password`` are looked at.

    Raises ``SecretError``, which never quotes the content. The parser's own error does (``.doc``), so it is not chained.
    """
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise SecretError(f'{where} is not a JSON object; it must be like {{"username": ..., "password": ...}}')
    missing = [key for key in ("username", "password") if not (isinstance(content.get(key), str) and content[key])]
    if missing:
        raise SecretError(f"{where} has no {' and no '.join(missing)}; each must be a text that is not empty")
    return Credentials(username=content["username"], password=content["password"])
