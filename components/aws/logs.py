"""Log groups: made by us before whoever writes to them, because AWS makes missing ones itself and keeps their logs for ever."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.kms import CustomerKey
from components.component import Component
from components.names import Scope


def log_group(
    component: Component, role: str, scope: Scope, *, name: pulumi.Input[str], retention_days: int, key: CustomerKey
) -> aws.cloudwatch.LogGroup:
    """Log group ``<component>-<role>``, called *name* at AWS, encrypted with *key*. The writer should depend on it.

    *retention_days* is one of the numbers that CloudWatch offers. A change of *name* recreates the group and loses its logs.
    """
    logical = f"{component.name}-{role}"
    return aws.cloudwatch.LogGroup(
        logical,
        name=name,
        retention_in_days=retention_days,
        kms_key_id=key.arn,
        tags=scope.named(logical),
        opts=component.child(),
    )
