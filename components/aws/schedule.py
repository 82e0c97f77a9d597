"""Tasks on a schedule: EventBridge Scheduler starts them, by unix cron in a time zone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components.aws.alarms import Alarm, alarm_resource, count_alarm, topic_arn
from components.aws.cron import aws_cron
from components.aws.iam import Statement, grant, service_role, statement
from components.aws.kms import decrypt
from components.component import Component
from components.names import Scope

if TYPE_CHECKING:
    from components.aws.network import AwsNetwork
    from components.aws.task import FargateTask

RETRIES, RETRY_SECONDS = 5, 3600
"""How often and how long starting a task is tried again. A task that started and failed is not: its failure is reported."""


def run_on_schedule(
    component: Component,
    role: str,
    *,
    scope: Scope,
    network: AwsNetwork,
    task: FargateTask,
    cron: str,
    timezone: str,
    command: Sequence[str] | None = None,
) -> aws.scheduler.Schedule:
    """Schedule ``<component>-<role>``: runs *task* at *cron* of *timezone*, with another *command* where given.

    It has a group of its own, because schedules have no tags and their metrics are kept by group; and an alarm for runs that
    could not even be started. The task always runs on Fargate proper: a backup or report is not to be taken away in the middle.
    """
    name = f"{component.name}-{role}"
    physical = scope.physical(name, limit=64)
    group = aws.scheduler.ScheduleGroup(f"{name}-group", name=physical, tags=scope.named(f"{name}-group"), opts=component.child())
    permitted = service_role(component, f"{role}-role", scope, service="scheduler.amazonaws.com", account_id=network.account_id)
    rights = grant(component, f"{role}-role", permitted, _rights(network, task))
    alarm_resource(component, scope, _not_started(f"{role}-not-started", physical), topic_arn(scope, network.account_id))
    override = {"containerOverrides": [{"name": task.container_name, "command": list(command)}]} if command else None
    return aws.scheduler.Schedule(
        name,
        name=physical,
        group_name=group.name,
        description=f"{' '.join(command or ()) or component.name} at {cron} {timezone}",
        schedule_expression=aws_cron(cron),
        schedule_expression_timezone=timezone,
        flexible_time_window={"mode": "OFF"},
        kms_key_arn=network.key.arn,
        target={
            "arn": network.cluster.arn,
            "role_arn": permitted.arn,
            "input": pulumi.Output.json_dumps(override, sort_keys=True) if override else None,
            "retry_policy": {"maximum_retry_attempts": RETRIES, "maximum_event_age_in_seconds": RETRY_SECONDS},
            "ecs_parameters": {
                "task_definition_arn": task.definition.arn,
                "task_count": 1,
                "launch_type": "FARGATE",
                "platform_version": "LATEST",
                "enable_ecs_managed_tags": True,
                "propagate_tags": "TASK_DEFINITION",
                "network_configuration": {
                    "subnets": network.application_subnets,
                    "security_groups": task.security_group_ids,
                    "assign_public_ip": False,
                },
            },
        },
        opts=component.child(depends_on=[rights]),
    )


def _rights(network: AwsNetwork, task: FargateTask) -> list[Statement]:
    """Start this task in this cluster, hand it its two roles, tag it, and read the schedule's own encrypted input."""
    tasks = pulumi.Output.format("arn:aws:ecs:{0}:{1}:task/{2}/*", network.region, network.account_id, network.cluster.name)
    return [
        statement(
            ["ecs:RunTask"],
            [pulumi.Output.format("{0}:*", task.definition.arn_without_revision)],
            condition={"ArnEquals": {"ecs:cluster": network.cluster.arn}},
        ),
        statement(["ecs:TagResource"], [tasks], condition={"StringEquals": {"ecs:CreateAction": "RunTask"}}),
        statement(
            ["iam:PassRole"],
            [task.task_role.arn, task.execution_role.arn],
            condition={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        ),
        decrypt(network.key),
    ]


def _not_started(name: str, group: str) -> Alarm:
    return count_alarm(
        name=name,
        meaning="A scheduled task could not be started for an hour. CloudTrail shows the refused RunTask call.",
        namespace="AWS/Scheduler",
        metric="InvocationDroppedCount",
        dimensions={"ScheduleGroup": group},
        threshold=1,
    )
