"""Flow logs: who talked to whom in the network, accepted or refused."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.iam import grant, service_role, statement
from components.aws.kms import CustomerKey, account_of
from components.aws.logs import log_group
from components.component import Component
from components.names import Scope

INTERVAL_SECONDS = 600
"""Flows are summed up over ten minutes, the cheaper of AWS's two intervals."""


def flow_logs(network: Component, scope: Scope, vpc: aws.ec2.Vpc, *, retention_days: int, key: CustomerKey) -> aws.ec2.FlowLog:
    """All flows of *vpc*, in a log group ``/<app>-<environment>/flows``."""
    name = f"{network.name}-flow-logs"
    group = log_group(network, "flows", scope, name=f"/{scope.physical()}/flows", retention_days=retention_days, key=key)
    writer = service_role(network, "flow-logs-role", scope, service="vpc-flow-logs.amazonaws.com", account_id=account_of(key.arn))
    streams = pulumi.Output.format("{0}:*", group.arn)
    rights = grant(
        network,
        "flow-logs-role",
        writer,
        [
            statement(
                ["logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                [group.arn, streams],
            )
        ],
    )
    return aws.ec2.FlowLog(
        name,
        vpc_id=vpc.id,
        traffic_type="ALL",
        log_destination=group.arn,
        iam_role_arn=writer.arn,
        max_aggregation_interval=INTERVAL_SECONDS,
        tags=scope.named(name),
        opts=network.child(depends_on=[rights]),
    )
