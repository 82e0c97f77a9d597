"""What the nodes of a local PostgreSQL share: its folder, certificate authority and internal passwords."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.local.host.errors import LocalError
from components.local.host.postgres import cluster
from components.local.host.postgres.cluster import Cluster
from components.local.providers.base import LocalProvider, inputs
from components.local.providers.observed import changed

PRESENT, ABSENT = "present", "absent"


class PostgresClusterProvider(LocalProvider):
    """Thin over :mod:`components.local.host.postgres.cluster`."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["directory"]), self._converge(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._converge(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_, inputs(props) | {"status": self._status(props)})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        replaces = ["directory"] if changed(olds, news, ["directory"]) else []
        lost = olds.get("status") != PRESENT or self._status(olds) != PRESENT
        return DiffResult(changes=bool(replaces) or lost or changed(olds, news, ["deletion_protection"]), replaces=replaces)

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        directory = Path(props["directory"])
        if props.get("deletion_protection") and any((directory / "nodes").glob("*/data")):
            raise LocalError(protected(directory))
        cluster.remove(directory)

    def _status(self, props: dict[str, Any]) -> str:
        return PRESENT if Cluster(directory=Path(props["directory"])).is_whole() else ABSENT

    def _converge(self, props: dict[str, Any]) -> dict[str, Any]:
        values = inputs(props)
        found = cluster.ensure(Path(values["directory"]))
        return values | {"status": PRESENT, "ca": str(found.ca)}


def protected(folder: Path) -> str:
    """The sentence that refuses to delete what is protected."""
    return (
        f"the database in {folder} is protected from deletion; set database.deletion_protection to false, "
        f"run `make up`, then delete it"
    )


class PostgresCluster(Resource, module="local", name="PostgresCluster"):
    """The cluster's folder. A change of it recreates everything in it."""

    status: pulumi.Output[str]
    """``present`` or ``absent``."""
    ca: pulumi.Output[str]
    """Path of the CA certificate, for clients' sslrootcert."""

    def __init__(
        self, resource_name: str, *, directory: str, deletion_protection: bool, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        properties = {"directory": directory, "deletion_protection": deletion_protection, "status": None, "ca": None}
        super().__init__(PostgresClusterProvider(), resource_name, properties, opts)
