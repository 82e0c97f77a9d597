"""What the nodes of a local PostgreSQL share: its folder, certificate authority and internal passwords."""

from __future__ import annotations

from pathlib import Path

import pulumi
from pulumi.dynamic import Resource

from components.local.host.errors import LocalError
from components.local.host.postgres import cluster
from components.local.host.postgres.cluster import Cluster
from components.local.providers.converging import ABSENT, PRESENT, ConvergingProvider, Values


class PostgresClusterProvider(ConvergingProvider):
    """Thin over :mod:`components.local.host.postgres.cluster`."""

    ID = ("directory",)
    PLACE = ("directory",)
    KEYS = ("deletion_protection",)

    def converge(self, values: Values) -> Values:
        found = cluster.ensure(Path(values["directory"]))
        return {"status": PRESENT, "ca": str(found.ca)}

    def look(self, values: Values) -> Values:
        return {"status": PRESENT if Cluster(directory=Path(values["directory"])).is_whole() else ABSENT}

    def remove(self, values: Values) -> None:
        directory = Path(values["directory"])
        if values.get("deletion_protection") and any((directory / "nodes").glob("*/data")):
            raise LocalError(protected(directory))
        cluster.remove(directory)


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
