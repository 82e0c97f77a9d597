"""The SNS topic of a stack: who hears of alarms and events, and what events there are beside metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.alarms import topic_name
from components.aws.iam import document, statement, tls_only
from components.aws.network import AwsNetwork
from components.component import Component
from components.names import Scope


def alarm_topic(component: Component, scope: Scope, network: AwsNetwork, emails: Sequence[str]) -> pulumi.Output[str]:
    """ARN of an encrypted topic that CloudWatch, EventBridge and RDS may publish to. Each address must confirm its first mail.

    It is read from the topic's policy: RDS refuses to subscribe a topic that it may not publish to.
    """
    name = f"{component.name}-topic"
    topic = aws.sns.Topic(
        name,
        name=topic_name(scope),
        display_name=f"Alarms of {scope.physical()}",
        kms_master_key_id=network.key.arn,
        tags=scope.named(name),
        opts=component.child(),
    )
    account = {"StringEquals": {"aws:SourceAccount": network.account_id}}
    statements = [
        statement(["sns:Publish"], [topic.arn], principals={"Service": "cloudwatch.amazonaws.com"}, condition=account),
        statement(["sns:Publish"], [topic.arn], principals={"Service": "events.rds.amazonaws.com"}, condition=account),
        # EventBridge says neither account nor rule when it publishes; a condition would silence it.
        statement(["sns:Publish"], [topic.arn], principals={"Service": "events.amazonaws.com"}),
        tls_only(["sns:Publish"], [topic.arn]),
    ]
    policy = aws.sns.TopicPolicy(f"{name}-policy", arn=topic.arn, policy=document(statements), opts=component.child())
    for email in emails:
        aws.sns.TopicSubscription(
            f"{component.name}-email-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=component.child()
        )
    return policy.arn


def tell_of(
    component: Component,
    role: str,
    scope: Scope,
    topic: pulumi.Input[str],
    *,
    pattern: Mapping[str, Any],
    text: str,
    paths: Mapping[str, str],
) -> aws.cloudwatch.EventRule:
    """Rule ``<component>-<role>``: sends *text* to *topic* for each event like *pattern*; *paths* fill each ``<name>`` in it."""
    name = f"{component.name}-{role}"
    rule = aws.cloudwatch.EventRule(
        name,
        name=scope.physical(name, limit=64),
        description=f"{scope.physical()}: {role.replace('-', ' ')}",
        event_pattern=pulumi.Output.json_dumps(dict(pattern), sort_keys=True),
        tags=scope.named(name),
        opts=component.child(),
    )
    aws.cloudwatch.EventTarget(
        f"{name}-target",
        rule=rule.name,
        target_id="alarms",
        arn=topic,
        input_transformer={"input_paths": dict(paths), "input_template": f'"{text}"'},
        opts=component.child(),
    )
    return rule


def failed_tasks(component: Component, scope: Scope, topic: pulumi.Input[str], cluster: aws.ecs.Cluster) -> None:
    """Jobs, backups and drills that end badly or never start. A service's tasks are of group ``service:``, alarms watch those."""
    tell_of(
        component,
        "failed-jobs",
        scope,
        topic,
        pattern={
            "source": ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            "detail": {
                "clusterArn": [cluster.arn],
                "lastStatus": ["STOPPED"],
                "group": [{"prefix": "family:"}],
                "$or": [{"containers": {"exitCode": [{"anything-but": [0]}]}}, {"stopCode": ["TaskFailedToStart"]}],
            },
        },
        text=f"Job <job> of {scope.physical()} failed: <reason>. See its log. Task <task>",
        paths={"job": "$.detail.group", "reason": "$.detail.stoppedReason", "task": "$.detail.taskArn"},
    )
