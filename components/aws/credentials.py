"""The database's logins: who the admin and the application are, in which secrets they are, and who keeps these true.

A database makes its :class:`Credentials` first (the secrets exist, the admin's arguments are known), then its cluster or
instance with ``**credentials.admin.arguments``, its proxy with :attr:`Credentials.proxied`, and last calls
:meth:`Credentials.publish` with the addresses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.kms import CustomerKey
from components.aws.network import AwsNetwork
from components.aws.rotation import PasswordRotation
from components.aws.secret import Address, DatabaseSecret
from components.component import Component
from components.environment import Access, Connection, Login, SecretRef
from components.names import Scope
from components.settings.database import DatabaseSettings
from operations import role_names

Database = aws.rds.Cluster | aws.rds.Instance


class ManagedAdmin:
    """An admin whose password only AWS knows: RDS makes its secret and rotates it, without a function of ours.

    Not for an RDS instance with replicas or Blue/Green: AWS refuses it there.
    """

    secret: pulumi.Output[str]
    """ARN; JSON with username and password only. Known after :meth:`publish`."""
    rotated: DatabaseSecret | None = None
    """No secret that we must rotate."""
    url: SecretRef | None = None

    def __init__(self, database: Component, scope: Scope, settings: DatabaseSettings, *, key: CustomerKey) -> None:
        self._database, self._settings = database, settings
        self.username = role_names.admin_role(scope.app)
        self.arguments: dict[str, Any] = {"manage_master_user_password": True, "master_user_secret_kms_key_id": key.arn}
        """For the cluster or instance, beside its (master_)username."""

    def publish(self, created: Database, address: Address) -> None:
        """*created* has made the secret by itself; say how often it rotates (7 days where nobody says)."""
        del address  # such a secret holds no address
        self.secret = created.master_user_secrets.apply(lambda found: (found[0].secret_arn if found else None) or "")
        aws.secretsmanager.SecretRotation(
            f"{self._database.name}-admin-rotation",
            secret_id=self.secret,
            rotation_rules={"automatically_after_days": self._settings.password_rotation_days},
            rotate_immediately=False,
            # The schedule goes with the secret, and that with the database: there is nothing that AWS would let us take back.
            opts=self._database.child(depends_on=[created], retain_on_delete=True),
        )


class OwnAdmin:
    """An admin whose secret we make, ``<app>/<environment>/db-admin``; the password enters the instance write-only.

    Raising ``database.password_version`` changes it now; the rotation function does so every ``password_rotation_days``.
    """

    def __init__(self, database: Component, scope: Scope, settings: DatabaseSettings, *, key: CustomerKey) -> None:
        self.username = role_names.admin_role(scope.app)
        self.rotated: DatabaseSecret = DatabaseSecret(
            database,
            scope,
            settings,
            role="admin",
            secret_name=f"{scope.database_secret}-admin",
            username=self.username,
            key=key,
            version=settings.password_version,
        )
        self.secret = self.rotated.arn
        self.url: SecretRef | None = self.rotated.url
        self.arguments: dict[str, Any] = {
            "password_wo": self.rotated.password,
            "password_wo_version": settings.password_version,
        }

    def publish(self, created: Database, address: Address) -> None:
        """Write the secret's first value once the instance exists."""
        self.rotated.publish(address, after=[created])


Admin = ManagedAdmin | OwnAdmin


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where the database answers, known when it and its proxy exist."""

    writer: pulumi.Input[str]
    """The writer's own endpoint: for the admin, migrations and rotation."""
    application: pulumi.Input[str]
    """What applications use: the proxy's endpoint, or the writer's."""
    ca: str
    """CA file for the writer's own endpoint."""
    application_ca: str
    """CA file for applications: ``system`` behind a proxy."""
    port: int
    """Of the database itself."""
    application_port: int
    """5432 behind a proxy, which has no other."""


class Credentials:
    """Admin and application: their secrets, logins and rotation. All resources are children of the *database*."""

    application: Login
    """Known after :meth:`publish`, as the next one."""
    admin_login: Login
    ready: Sequence[pulumi.Resource]
    """What a workload must wait for: the secrets' values, and that they name the right host."""
    rotation: PasswordRotation

    def __init__(
        self, database: Component, scope: Scope, settings: DatabaseSettings, *, key: CustomerKey, admin: Admin, pooled: bool
    ) -> None:
        self._database, self._scope, self._settings, self._key = database, scope, settings, key
        self.admin = admin
        user = role_names.application_role(scope.app)
        self.secret = self._secret("application", "", user)
        """The application's secret, ``<app>/<environment>/db``."""
        self._previous = self._secret("previous", "-previous", role_names.other(user)) if pooled else None

    @property
    def proxied(self) -> Sequence[DatabaseSecret]:
        """Secrets whose users a proxy must know: the application's, and its previous one (a proxy reads AWSCURRENT only)."""
        return [self.secret, *([self._previous] if self._previous else [])]

    def publish(
        self,
        created: Database,
        addresses: Addresses,
        *,
        network: AwsNetwork,
        security_group: aws.ec2.SecurityGroup,
        after: Sequence[pulumi.Resource] = (),
    ) -> None:
        """Fill the secrets and start their rotation. *created*: the cluster or instance, *security_group*: the database's.

        *after*: the writer, where it is not *created* itself. Secrets Manager tries the rotation function as soon as it knows it.
        """
        dbname = self._settings.name
        direct = Address(host=addresses.writer, port=addresses.port, dbname=dbname, ca=addresses.ca)
        public = Address(host=addresses.application, port=addresses.application_port, dbname=dbname, ca=addresses.application_ca)
        self.admin.publish(created, direct)
        values = [secret.publish(public, after=[created]) for secret in self.proxied]
        self.rotation = PasswordRotation(
            self._database,
            self._scope,
            self._settings,
            network=network,
            key=self._key,
            security_group=security_group,
            admin_secret=self.admin.secret,
            direct=direct,
            public=public,
            secret=self.secret,
            own_admin=self.admin.rotated,
            previous=self._previous,
            after=[created, *after, *values],
        )
        self.ready = (*values, self.rotation.addressed)
        self.application = Login(
            username=pulumi.Output.from_input(self.secret.username), secret_id=self.secret.arn, url=self.secret.url
        )
        self.admin_login = Login(
            username=pulumi.Output.from_input(self.admin.username), secret_id=self.admin.secret, url=self.admin.url
        )

    def access(self, connection: Connection, login: Login) -> Access:
        """The variables of *connection* for *login*.

        The application's user name alternates with each rotation, so DB_USER comes from the secret too. The plain DB_USER
        stays, as the name of its role; a container runtime lets the secret win where a name is both.
        """
        found = connection.access(login, environment=self._scope.environment)
        if login is not self.application:
            return found
        return found.merged(Access(secrets={"DB_USER": SecretRef(id=login.secret_id, key="username")}, after=self.ready))

    def _secret(self, role: str, ending: str, username: str) -> DatabaseSecret:
        return DatabaseSecret(
            self._database,
            self._scope,
            self._settings,
            role=role,
            secret_name=f"{self._scope.database_secret}{ending}",
            username=username,
            key=self._key,
        )
