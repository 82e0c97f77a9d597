"""A secret with a database login: made empty, filled once with a random password, from then on changed by its rotation only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.aws.iam import Text
from components.aws.kms import CustomerKey
from components.component import Component
from components.environment import SecretRef
from components.names import Scope
from components.settings.database import DatabaseSettings

KEPT_DAYS = 30
"""How long a deleted secret can be restored, where the data itself leaves a final backup."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a login is good for."""

    host: Text
    port: int
    dbname: str
    ca: str
    """CA file as a container sees it, or ``system``."""


class DatabaseSecret:
    """Secret *secret_name* of one login, encrypted with the database's key, and its first password.

    The password is 32 letters and digits (190 bits), so it needs no quoting in a URL. It is kept in the state as a Pulumi secret
    until the first rotation makes it worthless; the secret's value is write-only. *version*: a change makes a new password.
    """

    def __init__(
        self,
        database: Component,
        scope: Scope,
        settings: DatabaseSettings,
        *,
        role: str,
        secret_name: str,
        username: str,
        key: CustomerKey,
        version: int = 1,
    ) -> None:
        self._database, self._role, self._version = database, role, version
        # Others come and go with a proxy or with readers, and can be made anew; this one is what the application starts with.
        self._protect = settings.deletion_protection and role == "application"
        self.username = username
        logical = f"{database.name}-{role}"
        self.password = random.RandomPassword(
            f"{logical}-password",
            length=32,
            special=False,
            keepers={"version": str(version)},
            opts=database.child(protect=self._protect),
        ).result
        self._secret = aws.secretsmanager.Secret(
            f"{logical}-secret",
            name=secret_name,
            description=f"{scope.physical()}: database login, {role}",
            kms_key_id=key.arn,
            recovery_window_in_days=KEPT_DAYS if settings.final_backup else 0,
            tags=scope.named(f"{logical}-secret"),
            opts=database.child(protect=self._protect),
        )
        self.arn = self._secret.arn

    @property
    def url(self) -> SecretRef:
        """The secret's DATABASE_URL."""
        return SecretRef(id=self.arn, key="url")

    def publish(self, address: Address, *, after: Sequence[pulumi.Resource]) -> pulumi.Resource:
        """Write the first value. A later change of *address* or rotation is no change here: see ``rotation.py``."""
        login = pulumi.Output.format("{0}:{1}@{2}", self.username, self.password, address.host)
        # secret by the password in it, as everything made from it is
        url = pulumi.Output.format(
            "postgresql://{0}:{1}/{2}?sslmode=verify-full&sslrootcert={3}", login, address.port, address.dbname, address.ca
        )
        value = {
            "username": self.username,
            "password": self.password,
            "engine": "postgres",
            "host": address.host,
            "port": address.port,
            "dbname": address.dbname,
            "url": url,
        }
        return aws.secretsmanager.SecretVersion(
            f"{self._database.name}-{self._role}-secret-value",
            secret_id=self._secret.id,
            secret_string_wo=pulumi.Output.json_dumps(value, sort_keys=True),
            secret_string_wo_version=self._version,
            opts=self._database.child(depends_on=[*after], protect=self._protect),
        )
