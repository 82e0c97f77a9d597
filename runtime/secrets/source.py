"""``SecretSource``, the credentials it gives, and the choice of one by the form of DB_SECRET_ID."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

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
    """A place that holds the credentials."""

    def fetch(self) -> Credentials:
        """The credentials as they are there now. Blocks a few seconds at most; raises ``SecretError``."""
        ...


@dataclass(frozen=True, kw_only=True)
class EnvironmentSecret:
    """DB_USER and DB_PASSWORD: fixed for the life of the process, so a rotation needs a restart."""

    credentials: Credentials

    def fetch(self) -> Credentials:
        return self.credentials


def source_of(environment: DatabaseEnvironment) -> SecretSource:
    """The source that DB_SECRET_ID names; without one DB_USER and DB_PASSWORD.

    Nothing is fetched here, and a cloud's SDK is imported at the first fetch: an application starts, and says that it is
    alive, while the secret store is away.
    """
    from runtime.secrets.aws import AwsSecret
    from runtime.secrets.file import FileSecret
    from runtime.secrets.gcp import GcpSecret

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
