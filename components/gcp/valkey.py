"""Memorystore for Valkey: reached through Private Service Connect, with tokens of the client's own identity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.contract import Workload
from components.environment import Access
from components.gcp.component import GcpComponent
from components.gcp.redis import MAINTENANCE, PARAMETERS
from components.names import Scope
from components.settings.platform import CacheSettings

NODE_TYPES = {"small": "SHARED_CORE_NANO", "medium": "STANDARD_SMALL", "large": "HIGHMEM_MEDIUM", "xlarge": "HIGHMEM_XLARGE"}
"""Size class to node: 1.4, 6.5, 13 and 58 GB, of which four fifths hold keys. The smallest has no SLA. Changed in place."""
VERSIONS = {"7.2": "VALKEY_7_2", "8.0": "VALKEY_8_0", "9.0": "VALKEY_9_0"}
"""Raised in place, never lowered."""
BACKUP_HOUR = 17
"""UTC: 02:00 in Tokyo, as the database's."""
PORT = 6379


class Valkey:
    """Instance ``<cache>-instance`` of one shard, so any client works: a primary, and with ``ha`` a replica in another zone.

    Nobody knows a password: a client sends an access token of its workload's service account, as user ``default``.
    """

    def __init__(self, cache: GcpComponent, scope: Scope, settings: CacheSettings) -> None:
        self._network, self._cache = cache.network, cache
        self.instance = gcp.memorystore.Instance(
            f"{cache.name}-instance",
            instance_id=scope.physical("cache"),
            location=self._network.region,
            mode="CLUSTER_DISABLED",
            shard_count=1,
            replica_count=1 if settings.ha else 0,
            node_type=NODE_TYPES[settings.size],
            engine_version=VERSIONS[settings.version],
            engine_configs=PARAMETERS,
            authorization_mode="IAM_AUTH",
            transit_encryption_mode="SERVER_AUTHENTICATION",
            desired_auto_created_endpoints=[{"network": self._network.network_id, "project_id": self._network.project}],
            persistence_config={"mode": "DISABLED"},
            automated_backup_config=backups(settings.snapshot_retention_days),
            maintenance_policy={"weekly_maintenance_windows": [MAINTENANCE]},
            deletion_protection_enabled=False,
            labels=scope.labels(),
            # Its name is fixed: a new one has no place beside the old one.
            opts=cache.child(depends_on=self._way_in(scope), delete_before_replace=True),
        )
        self.name: pulumi.Output[str] = self.instance.instance_id
        self.host: pulumi.Output[str] = self.instance.endpoints.apply(primary)
        self.port: pulumi.Output[int] = pulumi.Output.from_input(PORT)
        self.ca: pulumi.Output[str] = self.instance.managed_server_cas.apply(chain)

    def login(self, workload: Workload) -> Access:
        """The right to connect to this instance, and no secret."""
        return Access(
            after=[
                gcp.projects.IAMMember(
                    f"{workload.name}-{self._cache.name}-login",
                    project=self._network.project,
                    # Valkey has no rights of its own on an instance: the condition stands for them.
                    role="roles/memorystore.dbConnectionUser",
                    member=self._network.identity_of(workload).member,
                    condition={
                        "title": "cache",
                        "description": "The cache of this stack and no other",
                        "expression": pulumi.Output.format("resource.name == '{0}'", self.instance.name),
                    },
                    opts=self._network.child_of(workload),
                )
            ]
        )

    def _way_in(self, scope: Scope) -> Sequence[pulumi.Resource]:
        """What lets Memorystore put its two endpoints into our subnet. A VPC has one of these for each region; in an existing VPC
        it is its owner's."""
        if self._network.existing:
            return []
        return [
            gcp.networkconnectivity.ServiceConnectionPolicy(
                f"{self._cache.name}-connections",
                name=scope.physical("cache"),
                description="Memorystore may put endpoints into this subnet",
                location=self._network.region,
                network=self._network.network_id,
                service_class="gcp-memorystore",
                psc_config={"subnetworks": [self._network.subnetwork]},
                labels=scope.labels(),
                opts=self._cache.child(),
            )
        ]


def backups(retention_days: int) -> Any:
    """A backup every day, kept for *retention_days*; None without."""
    if retention_days == 0:
        return None
    return {
        "fixed_frequency_schedule": {"start_time": {"hours": BACKUP_HOUR}},
        "retention": f"{retention_days * 24 * 3600}s",
    }


def primary(endpoints: Sequence[Any] | None) -> str:
    """Address of the endpoint that takes writes; the other one is for reading."""
    found = [connection.psc_auto_connection for endpoint in endpoints or () for connection in endpoint.connections or ()]
    return next((item.ip_address or "" for item in found if item and item.connection_type == "CONNECTION_TYPE_PRIMARY"), "")


def chain(authorities: Sequence[Any] | None) -> str:
    """All certificates of the instance's authority as one PEM file."""
    certificates = [
        text for authority in authorities or () for entry in authority.ca_certs or () for text in entry.certificates or ()
    ]
    return "".join(f"{text.strip()}\n" for text in certificates)
