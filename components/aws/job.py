"""Job of AWS: a Fargate task at deployment, on a schedule, or by command."""

from __future__ import annotations

from typing import cast

import pulumi

from components.aws.network import AwsNetwork
from components.aws.providers.task_run import TaskRun
from components.aws.schedule import run_on_schedule
from components.aws.task import FargateTask, fargate_task, task_handle
from components.contract import Job, JobArgs
from components.digest import digest


class AwsJob(Job):
    """A task definition, and what starts it: `pulumi up` itself, EventBridge Scheduler, or a person with ``run_command``."""

    task: FargateTask

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings, scope, network = args.settings, args.scope, cast(AwsNetwork, args.network)
        self.settings = settings
        access = self.access(settings, args.grants)
        self.task = fargate_task(self, scope=scope, network=network, settings=settings, access=access)
        if settings.when == "deploy":
            TaskRun(
                f"{name}-run",
                job=name.removeprefix("job-"),
                region=network.region,
                cluster=network.cluster.name,
                task_definition=self.task.definition.arn,
                container=self.task.container_name,
                log_group=self.task.log_group.name,
                subnets=network.application_subnets,
                security_groups=self.task.security_group_ids,
                timeout_seconds=settings.timeout_seconds,
                triggers=[digest(*settings.watch)],
                opts=self.child(),
            )
        if settings.schedule:
            run_on_schedule(
                self,
                "schedule",
                scope=scope,
                network=network,
                task=self.task,
                cron=settings.schedule,
                timezone=settings.timezone,
            )
        self.finish(run_command=run_command(network, self.task), handle=task_handle(network, self.task))


def run_command(network: AwsNetwork, task: FargateTask) -> pulumi.Output[str]:
    """The line that starts the newest version of *task* by hand, in the stack's own subnets and groups."""
    return pulumi.Output.format(
        "aws ecs run-task --region {0} --cluster {1} --task-definition {2} --launch-type FARGATE --network-configuration "
        "'awsvpcConfiguration={{subnets=[{3}],securityGroups=[{4}],assignPublicIp=DISABLED}}'",
        network.region,
        network.cluster.name,
        task.family,
        pulumi.Output.all(*network.application_subnets).apply(lambda ids: ",".join(map(str, ids))),
        pulumi.Output.all(*task.security_group_ids).apply(lambda ids: ",".join(map(str, ids))),
    )
