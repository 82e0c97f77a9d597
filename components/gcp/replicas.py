"""Read replicas of a Cloud SQL instance: each a resource of its own, so that one more or one less touches no other."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.gcp.component import GcpComponent
from components.gcp.instance import DISK_SIZE, common, version
from components.names import Scope
from components.settings.database import DatabaseSettings


def replica(
    component: GcpComponent,
    scope: Scope,
    settings: DatabaseSettings,
    number: int,
    *,
    source: gcp.sql.DatabaseInstance,
    name: pulumi.Output[str],
) -> gcp.sql.DatabaseInstance:
    """``<component>-replica-<number>``, a copy of *source* called ``<name>-replica-<number>``.

    It has its source's machine (a smaller one is refused), key, users and databases, and neither backups nor a maintenance
    window of its own. Its disk is as large as the source's is by then: Cloud SQL sees to that where no size is sent, and refuses
    ours once the source has grown (terraform-google-sql-db#338). A major upgrade reaches it through its source, so another
    version here is not sent again.
    """
    role, network = f"replica-{number}", component.network
    services = network.private_services
    arguments: dict[str, Any] = {
        "name": pulumi.Output.format("{0}-{1}", name, role),
        "region": network.region,
        "database_version": version(settings),
        "instance_type": "READ_REPLICA_INSTANCE",
        "master_instance_name": source.name,
        "deletion_protection": settings.deletion_protection,
        "settings": {**common(network, scope, settings, replica=True), "availability_type": "ZONAL"},
    }
    options = component.child(
        protect=settings.deletion_protection,
        depends_on=[*(services.after if services else ())],
        ignore_changes=[DISK_SIZE, "databaseVersion"],
    )
    return gcp.sql.DatabaseInstance(f"{component.name}-{role}", **arguments, opts=options)
