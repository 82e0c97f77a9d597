"""An application's database on a local cluster, its two users and their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pulumi
from pulumi.dynamic import Resource, UpdateResult

from components.dynamic import changed, inputs
from components.local.host.errors import LocalError
from components.local.host.postgres import database
from components.local.host.postgres.database import DatabaseSpec
from components.local.providers.converging import ABSENT, PRESENT, ConvergingProvider, Values
from components.local.providers.postgres_cluster import protected


def _spec(values: Values) -> DatabaseSpec:
    given = {key: values[key] for key in ("app", "dbname", "port", "password_version")}
    folders = {key: Path(values[key]) for key in ("cluster_dir", "secrets_dir")}
    return DatabaseSpec(**given | folders, hosts=tuple(values["hosts"]))


class PostgresDatabaseProvider(ConvergingProvider):
    """Thin over :mod:`components.local.host.postgres.database`. Passwords are made there and never come here."""

    ID = ("cluster_dir", "dbname")
    PLACE = ("cluster_dir", "app", "dbname")
    KEYS = ("hosts", "port", "secrets_dir", "password_version", "version", "home", "deletion_protection")

    def converge(self, values: Values) -> Values:
        spec = _spec(values)
        database.ensure(spec)
        return {
            "status": PRESENT,
            "secret_id": spec.secret.as_uri(),
            "admin_secret_id": spec.admin_secret.as_uri(),
            "pgpass": str(spec.pgpass),
            "psql": database.psql_command(spec, version=values["version"], home=Path(values["home"])),
        }

    def update(self, id_: str, olds: Values, news: Values) -> UpdateResult:
        result = super().update(id_, olds, news)
        if changed(olds, news, ["secrets_dir"]):
            database.remove_secrets(_spec(inputs(olds)))
        return result

    def look(self, values: Values) -> Values:
        return {"status": PRESENT if database.is_whole(_spec(values)) else ABSENT}

    def remove(self, values: Values) -> None:
        spec = _spec(values)
        if values.get("deletion_protection") and spec.record.exists():
            raise LocalError(protected(spec.cluster_dir))
        database.remove(spec)


class PostgresDatabase(Resource, module="local", name="PostgresDatabase"):
    """A database owned by ``<app>_admin`` and used by ``<app>_app``. A change of its name recreates it."""

    status: pulumi.Output[str]
    """``present`` or ``absent``."""
    secret_id: pulumi.Output[str]
    """``file://`` address of the application user's secret."""
    admin_secret_id: pulumi.Output[str]
    """The same of the owner."""
    pgpass: pulumi.Output[str]
    """Path of the libpq password file with both users, for psql and pg_dump."""
    hosts: pulumi.Output[Sequence[str]]
    """Addresses of all nodes, the primary first."""
    psql: pulumi.Output[str]
    """A command to paste; it holds no password."""

    def __init__(
        self,
        resource_name: str,
        *,
        cluster_dir: str,
        app: str,
        dbname: str,
        hosts: pulumi.Input[Sequence[str]],
        port: int,
        secrets_dir: str,
        password_version: int,
        version: int,
        home: str,
        deletion_protection: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """See :class:`components.local.host.postgres.database.DatabaseSpec`; *version* and *home* find the psql to name."""
        properties = {
            **{"cluster_dir": cluster_dir, "app": app, "dbname": dbname, "hosts": hosts, "port": port},
            **{"secrets_dir": secrets_dir, "password_version": password_version, "version": version, "home": home},
            **{"deletion_protection": deletion_protection},
            **{"status": None, "secret_id": None, "admin_secret_id": None, "pgpass": None, "psql": None},
        }
        super().__init__(PostgresDatabaseProvider(), resource_name, properties, opts)
