"""Memorystore for Redis: one server, or two in different zones, behind one address and a password."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.contract import Workload
from components.environment import Access
from components.gcp.component import GcpComponent
from components.gcp.secret import Secret
from components.gcp.text import pem
from components.names import Scope
from components.settings.platform import CacheSettings

MEMORY_GIB = {"small": 1, "medium": 3, "large": 13, "xlarge": 26}
"""Size class to memory: ElastiCache's sizes, as near as whole GiB come. Changed in place."""
VERSIONS = {"6": "REDIS_6_X", "7.0": "REDIS_7_0", "7.2": "REDIS_7_2"}
"""Raised in place; a lower one recreates the instance (the provider's own rule)."""
PARAMETERS = {"maxmemory-policy": "allkeys-lru"}
"""A full cache drops what was used least recently, as the local one does."""
MAINTENANCE: Any = {"day": "SUNDAY", "start_time": {"hours": 19, "minutes": 0, "seconds": 0, "nanos": 0}}
"""UTC: 04:00 on Monday in Tokyo. The window lasts an hour."""


class Redis:
    """Instance ``<cache>-instance`` with AUTH and TLS. Clients log in with ``REDIS_PASSWORD``, which Google makes."""

    def __init__(self, cache: GcpComponent, scope: Scope, settings: CacheSettings) -> None:
        self._network = network = cache.network
        services = network.private_services
        self.instance = gcp.redis.Instance(
            f"{cache.name}-instance",
            name=scope.physical("cache", limit=40),
            display_name=scope.physical("cache"),
            region=network.region,
            tier="STANDARD_HA" if settings.ha else "BASIC",
            memory_size_gb=MEMORY_GIB[settings.size],
            redis_version=VERSIONS[settings.version],
            redis_configs=PARAMETERS,
            auth_enabled=True,
            transit_encryption_mode="SERVER_AUTHENTICATION",
            authorized_network=network.network_id,
            # Without private services access Redis makes a peering of its own, with a /29 that it chooses.
            connect_mode="PRIVATE_SERVICE_ACCESS" if network.private_access == "peering" else "DIRECT_PEERING",
            reserved_ip_range=services.range_name if services else None,
            read_replicas_mode="READ_REPLICAS_DISABLED",
            persistence_config=snapshots(settings.snapshot_retention_days),
            maintenance_policy={"weekly_maintenance_windows": [MAINTENANCE]},
            deletion_protection=False,
            labels=scope.labels(),
            # Its name is fixed: a new one has no place beside the old one.
            opts=cache.child(depends_on=services.after if services else [], delete_before_replace=True),
        )
        self.name: pulumi.Output[str] = self.instance.name
        self.host: pulumi.Output[str] = self.instance.host
        self.port: pulumi.Output[int] = self.instance.port
        self.ca: pulumi.Output[str] = self.instance.server_ca_certs.apply(pem)
        password = self.instance.auth_string
        url = pulumi.Output.format("rediss://:{0}@{1}:{2}/0", password, self.host, self.port)
        # Google makes a new password with a new instance only, and its time of birth says which one it is.
        stamp = [self.instance.create_time, self.host, self.port]
        self._secrets = {
            "REDIS_PASSWORD": Secret(cache, "cache-password", scope=scope, value=password, stamp=stamp),
            "REDIS_URL": Secret(cache, "cache-url", scope=scope, value=url, stamp=stamp),
        }

    def login(self, workload: Workload) -> Access:
        return Access(
            secrets={name: secret.ref() for name, secret in self._secrets.items()},
            after=[secret.grant(self._network, workload) for secret in self._secrets.values()],
        )


def snapshots(retention_days: int) -> Any:
    """One snapshot a day, which Google keeps until the next: what a restarted instance without a replica begins with."""
    if retention_days == 0:
        return {"persistence_mode": "DISABLED"}
    return {"persistence_mode": "RDB", "rdb_snapshot_period": "TWENTY_FOUR_HOURS"}
