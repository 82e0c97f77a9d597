"""An application's database on a local cluster, its two users and their secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.local.host.errors import LocalError
from components.local.host.postgres import database
from components.local.host.postgres.database import DatabaseSpec
from components.local.providers.base import LocalProvider, inputs
from components.local.providers.observed import changed
from components.local.providers.postgres_cluster import ABSENT, PRESENT, protected

KEYS = ("hosts", "port", "secrets_dir", "password_version", "version", "home", "deletion_protection")
PLACE = ("cluster_dir", "app", "dbname")
"""A change of these makes another database."""


def _spec(props: Mapping[str, Any]) -> DatabaseSpec:
    values = inputs(props)
    given = {key: values[key] for key in ("app", "dbname", "port", "password_version")}
    folders = {key: Path(values[key]) for key in ("cluster_dir", "secrets_dir")}
    return DatabaseSpec(**given | folders, hosts=tuple(values["hosts"]))


class PostgresDatabaseProvider(LocalProvider):
    """Thin over :mod:`components.local.host.postgres.database`. Passwords are made there and never come here."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(f"{props['cluster_dir']}/{props['dbname']}", self._converge(props))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        outs = self._converge(news)
        if changed(olds, news, ["secrets_dir"]):
            database.remove_secrets(_spec(olds))
        return UpdateResult(outs)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_, inputs(props) | {"status": self._status(props)})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        replaces = [key for key in PLACE if changed(olds, news, [key])]
        lost = olds.get("status") != PRESENT or self._status(olds) != PRESENT
        return DiffResult(
            changes=bool(replaces) or lost or changed(olds, news, KEYS), replaces=replaces, delete_before_replace=True
        )

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        spec = _spec(props)
        if props.get("deletion_protection") and spec.record.exists():
            raise LocalError(protected(spec.cluster_dir))
        database.remove(spec)

    def _status(self, props: Mapping[str, Any]) -> str:
        return PRESENT if database.is_whole(_spec(props)) else ABSENT

    def _converge(self, props: Mapping[str, Any]) -> dict[str, Any]:
        spec, values = _spec(props), inputs(props)
        database.ensure(spec)
        return values | {
            "status": PRESENT,
            "secret_id": spec.secret.as_uri(),
            "admin_secret_id": spec.admin_secret.as_uri(),
            "pgpass": str(spec.pgpass),
            "psql": database.psql_command(spec, version=values["version"], home=Path(values["home"])),
        }


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
    psql: pulumi.Output[str]
    """A command to paste; it holds no password."""

    def __init__(
        self,
        resource_name: str,
        *,
        cluster_dir: str,
        app: str,
        dbname: str,
        hosts: Sequence[str],
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
            **{"cluster_dir": cluster_dir, "app": app, "dbname": dbname, "hosts": list(hosts), "port": port},
            **{"secrets_dir": secrets_dir, "password_version": password_version, "version": version, "home": home},
            **{"deletion_protection": deletion_protection},
            **{"status": None, "secret_id": None, "admin_secret_id": None, "pgpass": None, "psql": None},
        }
        super().__init__(PostgresDatabaseProvider(), resource_name, properties, opts)
