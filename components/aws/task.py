"""A Fargate task: definition, roles, log group, security group. Services, jobs and backups run one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.container import SCRATCH_MOUNT, Settings, container, secret_pattern, user_secret
from components.aws.firewall import ANYWHERE, egress_rule
from components.aws.iam import Statement, grant, service_role
from components.aws.logs import log_group
from components.aws.network import AwsNetwork
from components.aws.task_rights import pull, read_secrets, shell_sessions, write_logs
from components.contract import Workload
from components.environment import Access
from components.names import Scope
from components.settings.workload import ServiceSettings

HTTPS = 443
ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}
CPU_UNITS = 1024
"""Of one virtual CPU."""


@dataclass(frozen=True, kw_only=True)
class FargateTask:
    """What is needed to run a task: where, with which rights, and where it writes."""

    definition: aws.ecs.TaskDefinition
    """Depends on everything that must exist before the task may start: capacity, grants and rights."""
    security_group_ids: list[pulumi.Input[str]]
    """The workload's own group and that of all members."""
    task_role: aws.iam.Role
    execution_role: aws.iam.Role
    log_group: aws.cloudwatch.LogGroup
    """Called ``/<app>-<environment>/<workload>``; streams ``ecs/<workload>/<task id>``."""
    container_name: str
    family: str


def fargate_task(workload: Workload, *, scope: Scope, network: AwsNetwork, settings: Settings, access: Access) -> FargateTask:
    """The task of *workload*, named after it.

    A change of image, command, size, variables, secrets or roles makes a new revision of the task definition; the old ones stay,
    because a roll-back needs them. The log group keeps its name and with it its logs.
    """
    name, region, account = workload.name, network.region, network.account_id
    group = log_group(
        workload,
        "log-group",
        scope,
        name=f"/{scope.physical()}/{name}",
        retention_days=settings.log_retention_days,
        key=network.key,
    )
    # what the stack file says wins over what is granted; ECS takes a name once, as a variable or as a secret
    granted = {key: value for key, value in access.secrets.items() if key not in settings.environment}
    own = {key: user_secret(value, region=region, account_id=account) for key, value in settings.secrets.items()}
    secrets = {**granted, **own}
    readable = [value.id for value in granted.values()]
    readable += [secret_pattern(value, region=region, account_id=account) for value in settings.secrets.values()]
    execution_role, execution_rights = _role(
        workload,
        "execution-role",
        scope,
        network,
        [*pull(network, settings.image), write_logs(group), *read_secrets(network, readable)],
    )
    shell = shell_sessions(network, scope) if isinstance(settings, ServiceSettings) and settings.exec_access else []
    task_role, task_rights = _role(workload, "task-role", scope, network, [*access.permissions, *shell])
    definition = container(
        name,
        settings,
        image=network.registry.image(settings.image),
        environment={key: value for key, value in access.environment.items() if key not in secrets},
        secrets=secrets,
        log_group=group.name,
        region=region,
    )
    # a task cannot start without image, secrets and logs, all of them over HTTPS
    egress = _egress(workload, scope, network, {HTTPS, *settings.egress_ports})
    family = scope.physical(name, limit=255)
    return FargateTask(
        definition=aws.ecs.TaskDefinition(
            f"{name}-task",
            family=family,
            container_definitions=pulumi.Output.json_dumps([definition], sort_keys=True),
            cpu=str(int(settings.cpu * CPU_UNITS)),
            memory=str(settings.memory_mib),
            network_mode="awsvpc",
            requires_compatibilities=["FARGATE"],
            runtime_platform={
                "operating_system_family": "LINUX",
                "cpu_architecture": ARCHITECTURES[settings.architecture],
            },
            execution_role_arn=execution_role.arn,
            task_role_arn=task_role.arn,
            **_scratch(settings),
            # an inactive revision is no target for a roll-back (aws-cdk#24372)
            skip_destroy=True,
            tags=scope.named(f"{name}-task"),
            opts=workload.child(depends_on=[network.capacity, *egress, *execution_rights, *task_rights, *access.after]),
        ),
        security_group_ids=[network.security_group_of(workload).id, network.members.id],
        task_role=task_role,
        execution_role=execution_role,
        log_group=group,
        container_name=name,
        family=family,
    )


def task_handle(network: AwsNetwork, task: FargateTask) -> dict[str, Any]:
    """By what the newest version of *task* is started again, and where it writes."""
    return {
        "cluster": network.cluster.name,
        "task_definition": task.family,
        "container": task.container_name,
        "subnets": network.application_subnets,
        "security_groups": task.security_group_ids,
        "log_group": task.log_group.name,
    }


def _scratch(settings: Settings) -> dict[str, Any]:
    if settings.scratch_gib is None:
        return {}
    return {"volumes": [{"name": SCRATCH_MOUNT["sourceVolume"]}], "ephemeral_storage": {"size_in_gib": settings.scratch_gib}}


def _role(
    workload: Workload, role: str, scope: Scope, network: AwsNetwork, statements: list[Statement]
) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
    """A role that only tasks of this account take, and its rights, which must exist before the first task."""
    made = service_role(workload, role, scope, service="ecs-tasks.amazonaws.com", account_id=network.account_id)
    return made, [grant(workload, role, made, statements)] if statements else []


def _egress(workload: Workload, scope: Scope, network: AwsNetwork, ports: Iterable[int]) -> list[pulumi.Resource]:
    """The workload may call other members, and *ports* outside."""
    own = network.security_group_of(workload)
    rules: list[pulumi.Resource] = [
        egress_rule(
            workload,
            scope,
            f"egress-{port}",
            group=own,
            port=port,
            description=f"Port {port} of the internet and of AWS services",
            addresses=ANYWHERE,
        )
        for port in sorted(set(ports))
    ]
    members = egress_rule(
        workload,
        scope,
        "egress-members",
        group=own,
        port=1,
        last_port=65535,
        description="Internal services, which let in whom they want",
        target=network.members,
    )
    return [*rules, members]
