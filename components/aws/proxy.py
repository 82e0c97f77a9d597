"""RDS Proxy: a connection pooler between applications and database, in the database's subnets, TLS only."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.database_rights import read_logins
from components.aws.firewall import let_in, security_group
from components.aws.iam import grant, service_role
from components.aws.kms import CustomerKey
from components.aws.logs import log_group
from components.aws.network import AwsNetwork
from components.aws.secret import DatabaseSecret
from components.component import Component
from components.names import Scope
from components.settings.database import DatabaseSettings, PoolingSettings

PORT = 5432
"""Proxies for PostgreSQL listen on no other port, whatever the database's is."""
CA = "system"
"""Certificates of proxies come from Amazon's public CA, not from that of RDS."""
BORROW_SECONDS = 30
"""A client waits this long for a free connection, then gets an error: less than a load balancer's patience (60 s)."""
MOST_IDLE_PERCENT = 50
"""Share of the database's connections that the proxy keeps open although nobody uses them."""


class DatabaseProxy:
    """Proxy ``<app>-<environment>-proxy``. All resources are children of the *database*.

    *secrets*: logins that it knows. Exactly one of *cluster* (Aurora, which also gets a reader endpoint) and *instance* is given.
    """

    def __init__(
        self,
        database: Component,
        scope: Scope,
        settings: DatabaseSettings,
        pooling: PoolingSettings,
        *,
        network: AwsNetwork,
        key: CustomerKey,
        secrets: Sequence[DatabaseSecret],
        security_group_of_database: aws.ec2.SecurityGroup,
        cluster: aws.rds.Cluster | None = None,
        instance: aws.rds.Instance | None = None,
        after: Sequence[pulumi.Resource] = (),
    ) -> None:
        self.name = scope.physical("proxy", limit=50)
        """Its name at AWS, the ``ProxyName`` of its metrics."""
        self.port = PORT
        self.ca = CA
        logical = f"{database.name}-proxy"
        self.security_group = security_group(
            database, scope, "proxy", network_id=network.network_id, description="Proxy: granted workloads in, the database out"
        )
        let_in(
            database,
            scope,
            "proxy",
            source=self.security_group,
            target=security_group_of_database,
            port=settings.port,
            description="Proxy to database",
        )
        logs = log_group(
            database,
            "proxy-logs",
            scope,
            name=f"/aws/rds/proxy/{self.name}",
            retention_days=settings.log_retention_days,
            key=network.key,
        )
        # No account condition: AWS does not document that RDS sends a source account when a proxy takes its role.
        role = service_role(database, "proxy-role", scope, service="rds.amazonaws.com")
        rights = grant(database, "proxy-role", role, read_logins(scope, key, [secret.arn for secret in secrets]))
        # client_password_auth_type is always given: AWS fills it in, and the difference would never go away (tf#20119).
        self.resource = aws.rds.Proxy(
            logical,
            name=self.name,
            engine_family="POSTGRESQL",
            require_tls=True,
            debug_logging=False,
            idle_client_timeout=pooling.idle_client_seconds,
            role_arn=role.arn,
            vpc_subnet_ids=network.database_subnets,
            vpc_security_group_ids=[self.security_group.id],
            auths=[
                {
                    "auth_scheme": "SECRETS",
                    "client_password_auth_type": "POSTGRES_SCRAM_SHA_256",
                    "iam_auth": "REQUIRED" if pooling.iam_login else "DISABLED",
                    "secret_arn": secret.arn,
                }
                for secret in secrets
            ],
            tags=scope.named(logical),
            opts=database.child(depends_on=[logs, rights]),
        )
        group = aws.rds.ProxyDefaultTargetGroup(
            f"{logical}-pool",
            db_proxy_name=self.resource.name,
            connection_pool_config={
                "connection_borrow_timeout": BORROW_SECONDS,
                "max_connections_percent": pooling.max_connections_percent,
                "max_idle_connections_percent": min(MOST_IDLE_PERCENT, pooling.max_connections_percent),
            },
            opts=database.child(),
        )
        target = aws.rds.ProxyTarget(
            f"{logical}-target",
            db_proxy_name=self.resource.name,
            target_group_name=group.name,
            db_cluster_identifier=cluster.id if cluster else None,
            db_instance_identifier=instance.identifier if instance else None,
            opts=database.child(depends_on=[*after]),
        )
        self.ready: Sequence[pulumi.Resource] = [target]
        """What a workload must wait for."""
        self.endpoint: pulumi.Output[str] = self.resource.endpoint
        """Host for writing."""
        self.reader_endpoint: pulumi.Output[str] = self.endpoint
        """Host for reading: Aurora's readers through the proxy. RDS has no such thing, so there it is the writer's."""
        if cluster:
            reader = aws.rds.ProxyEndpoint(
                f"{logical}-reader",
                db_proxy_name=self.resource.name,
                db_proxy_endpoint_name=scope.physical("proxy", "reader", limit=60),
                target_role="READ_ONLY",
                vpc_subnet_ids=network.database_subnets,
                vpc_security_group_ids=[self.security_group.id],
                tags=scope.named(f"{logical}-reader"),
                opts=database.child(depends_on=[target]),
            )
            self.reader_endpoint = reader.endpoint
