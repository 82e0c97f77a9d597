"""What RDS tells of a running database: query insights, and the metrics of its operating system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.iam import service_role
from components.aws.kms import CustomerKey
from components.aws.network import AwsNetwork
from components.component import Component
from components.names import Scope
from components.settings.database import DatabaseSettings

MONITORING_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"

INSIGHTS: dict[str, dict[str, Any]] = {
    "off": {"database_insights_mode": "standard", "performance_insights_enabled": False},
    "standard": {
        "database_insights_mode": "standard",
        "performance_insights_enabled": True,
        "performance_insights_retention_period": 7,
    },
    "advanced": {
        "database_insights_mode": "advanced",
        "performance_insights_enabled": True,
        "performance_insights_retention_period": 465,
    },
}
"""One setting for the three arguments that AWS takes only together: 7 days are free, ``advanced`` needs 465."""


def query_insights(settings: DatabaseSettings, key: CustomerKey) -> dict[str, Any]:
    """Arguments for what ``database.insights`` says. The key can never be changed afterwards."""
    found = INSIGHTS[settings.insights]
    return {**found, "performance_insights_kms_key_id": key.arn} if found["performance_insights_enabled"] else found


def enhanced_monitoring(
    component: Component, scope: Scope, settings: DatabaseSettings, network: AwsNetwork
) -> tuple[dict[str, Any], Sequence[pulumi.Resource]]:
    """Arguments for the metrics of the operating system, and what must exist first: RDS refuses a role that cannot write.

    They go to the log group ``RDSOSMetrics``, which AWS makes once for all databases of an account; it is not ours to own.
    """
    if not settings.monitoring_interval_seconds:
        return {"monitoring_interval": 0}, ()
    role = service_role(component, "monitoring", scope, service="monitoring.rds.amazonaws.com", account_id=network.account_id)
    policy = aws.iam.RolePolicyAttachment(
        f"{component.name}-monitoring-policy", role=role.name, policy_arn=MONITORING_POLICY, opts=component.child()
    )
    return {"monitoring_interval": settings.monitoring_interval_seconds, "monitoring_role_arn": role.arn}, (policy,)
