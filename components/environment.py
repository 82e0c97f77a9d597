"""The environment contract: which variables a container gets, the same on every cloud. ``runtime.environment`` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi


@dataclass(frozen=True, kw_only=True)
class SecretRef:
    """Where a secret value is; the container runtime fetches it at every start. Never the value itself."""

    id: pulumi.Input[str]
    """ARN, secret resource name, or ``file://`` address."""
    key: str | None = None
    """Key of a JSON secret; None means the whole value."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a workload must be started with to use something."""

    environment: dict[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: dict[str, SecretRef] = field(default_factory=dict)
    after: Sequence[pulumi.Resource] = ()
    """Grants that must exist before the workload starts."""
    files: dict[str, SecretRef] = field(default_factory=dict)
    """Files that it must find, by path, such as the CA of a server; for where images do not bring them."""
    permissions: Sequence[Any] = ()
    """Rights that the workload's own identity needs, in the provider's form (AWS: policy statements)."""

    def merged(self, other: Access) -> Access:
        """Both; the workload's own plain variables (this side) win over *other*'s."""
        return Access(
            environment={**other.environment, **self.environment},
            secrets={**other.secrets, **self.secrets},
            files={**other.files, **self.files},
            after=(*self.after, *other.after),
            permissions=(*self.permissions, *other.permissions),
        )


@dataclass(frozen=True, kw_only=True)
class Login:
    """A database user and where its credentials are."""

    username: pulumi.Output[str]
    secret_id: pulumi.Output[str]
    """Secret with JSON keys username and password, and host, port and dbname where the provider allows it."""
    url: SecretRef | None = None
    """Secret with the DATABASE_URL; None for an admin whose secret the provider manages."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """What an application needs to reach the database. Holds no password."""

    host: pulumi.Output[str]
    """Writer endpoint. Locally, with readers, a libpq list of all nodes."""
    reader_host: pulumi.Output[str]
    """Reader endpoint; the writer's where there is no reader."""
    port: pulumi.Output[int]
    database: pulumi.Output[str]
    application: Login
    """Reads and writes rows; the only user that services get."""
    admin: Login
    """Owns the schema; for migrations and operators."""
    ca: pulumi.Output[str]
    """CA file as the container sees it."""
    ssl_mode: str = "verify-full"
    """libpq sslmode; verify-ca where the provider's certificates do not carry the address (Cloud SQL)."""

    def access(self, login: Login, *, environment: str) -> Access:
        """The variables of design.md for a workload of *environment* that logs in as *login*.

        ``DB_CONN_MAX_AGE`` (seconds) and ``DB_CONN_HEALTH_CHECKS`` are the Aurora guide's values for Django.
        """
        secrets = {"DB_PASSWORD": SecretRef(id=login.secret_id, key="password")}
        if login.url is not None:
            secrets["DATABASE_URL"] = login.url
        return Access(
            environment={
                "ENVIRONMENT": environment,
                "DB_ENGINE": "django.db.backends.postgresql",
                "DB_NAME": self.database,
                "DB_USER": login.username,
                "DB_HOST": self.host,
                "DB_PORT": self.port.apply(str),
                "DB_READER_HOST": self.reader_host,
                "DB_SSL_MODE": self.ssl_mode,
                "DB_SSL_ROOT_CERT": self.ca,
                "DB_CONN_MAX_AGE": "600",
                "DB_CONN_HEALTH_CHECKS": "True",
                "DB_SECRET_ID": login.secret_id,
            },
            secrets=secrets,
        )

    def outputs(self) -> dict[str, Any]:
        """The connection as a stack output: addresses and where the secrets are."""
        return {
            "host": self.host,
            "reader_host": self.reader_host,
            "port": self.port,
            "name": self.database,
            "username": self.application.username,
            "secret_id": self.application.secret_id,
            "admin_username": self.admin.username,
            "admin_secret_id": self.admin.secret_id,
            "ca": self.ca,
        }
