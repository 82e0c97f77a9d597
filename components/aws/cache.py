"""The cache: ElastiCache for Valkey or Redis, TLS only, with a token in a secret."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.aws.firewall import let_in, security_group
from components.aws.kms import customer_key
from components.aws.logs import log_group
from components.aws.network import AwsNetwork
from components.contract import Cache, CacheArgs, Workload
from components.environment import Access, SecretRef
from components.names import Scope
from components.settings.platform import CacheSettings

NODE_TYPES = {"small": "cache.t4g.small", "medium": "cache.t4g.medium", "large": "cache.r7g.large", "xlarge": "cache.r7g.xlarge"}
"""Size class to node: 1.4, 3.1, 13 and 26 GiB."""

NEWEST_MINOR = {
    ("valkey", "7"): "7.2",
    ("valkey", "8"): "8.2",
    ("valkey", "9"): "9.1",
    ("redis", "6"): "6.2",
    ("redis", "7"): "7.1",
}
"""What a bare major means (2026-11). AWS wants a minor (terraform-provider-aws#41210). Were AWS to go to a newer one by itself,
the provider would see a downgrade, and a downgrade recreates the cache: minors move in this table only."""

PARAMETERS = {"maxmemory-policy": "allkeys-lru"}
"""A full cache drops what was used least recently, as the local one does."""

LOG_DAYS = 30
LOG_TYPES = ("slow-log", "engine-log")
SNAPSHOT_WINDOW, MAINTENANCE_WINDOW = "17:00-18:00", "sun:18:30-sun:19:30"
"""UTC: 02:00 in Tokyo, as the database's, and after it."""


class AwsCache(Cache):
    """One replication group without sharding, so any client works: a primary, and with ``ha`` a replica in another zone."""

    replication_group: aws.elasticache.ReplicationGroup
    identifier: str
    nodes: list[str]
    """Ids of its cache clusters, as alarms name them."""

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._scope, self._settings, self._network = args.scope, args.settings, cast(AwsNetwork, args.network)
        self.identifier = args.scope.physical("cache", limit=40)
        count = 2 if args.settings.ha else 1
        self.nodes = [f"{self.identifier}-{number:03}" for number in range(1, count + 1)]
        self.key = customer_key(self, args.scope, purpose="cache, its snapshots and its secret")
        self.security_group = security_group(
            self, args.scope, "nodes", network_id=self._network.network_id, description="Cache: only whom it grants"
        )
        token = random.RandomPassword(f"{name}-token", length=64, special=False, opts=self.child()).result
        self.replication_group = self._replication_group(token, len(self.nodes))
        self._host, self._port = self.replication_group.primary_endpoint_address, str(args.settings.port)
        self.secret, self._published = self._publish(token)
        self.finish(address=pulumi.Output.format("{0}:{1}", self._host, self._port))

    def grant_connect(self, workload: Workload) -> Access:
        secret = self.secret.arn
        rules = let_in(
            workload,
            self._scope,
            self.name,
            source=self._network.security_group_of(workload),
            target=self.security_group,
            port=self._settings.port,
            description=f"From {workload.name} to the cache",
        )
        return Access(
            environment={
                "REDIS_HOST": self._host,
                "REDIS_PORT": self._port,
                "REDIS_TLS": "true",
                # Containers read secrets at their start only: a new token is a new version, and so a new start.
                "REDIS_SECRET_VERSION": self._published.version_id,
            },
            secrets={
                "REDIS_PASSWORD": SecretRef(id=secret, key="password"),
                "REDIS_URL": SecretRef(id=secret, key="url"),
            },
            after=[*rules, self._published],
        )

    def _replication_group(self, token: pulumi.Output[str], count: int) -> aws.elasticache.ReplicationGroup:
        name, scope, settings = f"{self.name}-replication-group", self._scope, self._settings
        return aws.elasticache.ReplicationGroup(
            name,
            replication_group_id=self.identifier,
            description=f"{scope.physical()}: cache",
            engine=settings.engine,
            engine_version=engine_version(settings),
            auto_minor_version_upgrade=False,
            node_type=NODE_TYPES[settings.size],
            num_cache_clusters=count,
            automatic_failover_enabled=settings.ha,
            multi_az_enabled=settings.ha,
            port=settings.port,
            parameter_group_name=self._parameter_group().name,
            subnet_group_name=self._subnet_group().name,
            security_group_ids=[self.security_group.id],
            at_rest_encryption_enabled=True,
            kms_key_id=self.key.arn,
            transit_encryption_enabled=True,
            auth_token=token,
            auth_token_update_strategy="ROTATE",
            snapshot_retention_limit=settings.snapshot_retention_days,
            snapshot_window=SNAPSHOT_WINDOW,
            maintenance_window=MAINTENANCE_WINDOW,
            log_delivery_configurations=[self._log(kind) for kind in LOG_TYPES],
            # Otherwise a change waits for the window, and every deployment until then sees a difference.
            apply_immediately=True,
            tags=scope.named(name),
            # Its name is fixed: a new one has no place beside the old one.
            opts=self.child(delete_before_replace=True),
        )

    def _log(self, kind: str) -> Any:
        group = log_group(
            self,
            kind,
            self._scope,
            name=f"/aws/elasticache/{self.identifier}/{kind}",
            retention_days=LOG_DAYS,
            key=self._network.key,
        )
        return {"log_type": kind, "destination_type": "cloudwatch-logs", "destination": group.name, "log_format": "json"}

    def _parameter_group(self) -> aws.elasticache.ParameterGroup:
        name, group = f"{self.name}-parameters", family(self._settings)
        return aws.elasticache.ParameterGroup(
            name,
            # The family is part of the name, so that at a major upgrade the new group can stand beside the one in use.
            name=self._scope.physical("cache", group.replace(".", "-")),
            family=group,
            description=f"{self._scope.physical()}: cache on {group}",
            parameters=[{"name": key, "value": value} for key, value in sorted(PARAMETERS.items())],
            tags=self._scope.named(name),
            opts=self.child(),
        )

    def _subnet_group(self) -> aws.elasticache.SubnetGroup:
        name = f"{self.name}-subnets"
        return aws.elasticache.SubnetGroup(
            name,
            name=self._scope.physical("cache"),
            description=f"{self._scope.physical()}: cache",
            subnet_ids=self._network.database_subnets,
            tags=self._scope.named(name),
            opts=self.child(),
        )

    def _publish(self, token: pulumi.Output[str]) -> tuple[aws.secretsmanager.Secret, aws.secretsmanager.SecretVersion]:
        """The secret with everything that a client needs."""
        name, scope = f"{self.name}-secret", self._scope
        secret = aws.secretsmanager.Secret(
            name,
            name=cache_secret(scope),
            description=f"{scope.physical()}: how to reach the cache",
            kms_key_id=self.key.arn,
            # Worth nothing without its cache, and a name in recovery would bar a new one from being made.
            recovery_window_in_days=0,
            tags=scope.named(name),
            opts=self.child(),
        )
        url = pulumi.Output.format("rediss://:{0}@{1}:{2}/0", token, self._host, self._port)
        value = {"host": self._host, "port": self._settings.port, "password": token, "url": url}
        text: pulumi.Output[str] = pulumi.Output.secret(pulumi.Output.json_dumps(value, sort_keys=True))
        return secret, aws.secretsmanager.SecretVersion(
            f"{name}-version", secret_id=secret.id, secret_string=text, opts=self.child()
        )


def cache_secret(scope: Scope) -> str:
    """Name of the cache's secret, beside the database's."""
    return f"{scope.app}/{scope.environment}/cache"


def engine_version(settings: CacheSettings) -> str:
    """The minor to run: the one that is asked for, or the newest of the major."""
    if "." in settings.version:
        return settings.version
    return NEWEST_MINOR.get((settings.engine, settings.version), f"{settings.version}.0")


def family(settings: CacheSettings) -> str:
    """Parameter group family; Redis 6 is the one with an ``.x``."""
    major = settings.version.partition(".")[0]
    return f"{settings.engine}{major}.x" if major == "6" else f"{settings.engine}{major}"
