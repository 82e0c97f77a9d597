"""ContainerService of AWS: an ECS service on Fargate."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pulumi_aws as aws

from components.aws.firewall import ingress_rule
from components.aws.ingress import AwsIngress, Route
from components.aws.network import AwsNetwork
from components.aws.providers.deployment import DeploymentCheck
from components.aws.scaling import autoscaling
from components.aws.task import FargateTask, fargate_task
from components.contract import ContainerService, ServiceArgs
from components.environment import Access

DEPLOY_MINUTES = 20
"""The longest that a deployment may take."""
NAME_TTL_SECONDS = 10
"""How long a caller may remember the address of a container."""


class AwsService(ContainerService):
    """Tasks that ECS keeps running, spread over the zones.

    A new task definition is rolled out: new containers start, get healthy, then old ones go. When they do not get healthy, ECS
    goes back to the old version by itself, and the deployment fails with their reasons.
    """

    task: FargateTask
    service: aws.ecs.Service

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings, scope, network = args.settings, args.scope, cast(AwsNetwork, args.network)
        self.settings, self._scope, self._network = settings, scope, network
        self.short = name.removeprefix("service-")
        own = Access(environment={"HOST": "0.0.0.0", "PORT": str(settings.port)})
        access = self.access(settings, args.grants).merged(own)
        self.task = fargate_task(self, scope=scope, network=network, settings=settings, access=access)
        route = self._route(cast(AwsIngress, args.ingress)) if settings.public else None
        self.service = self._service(route, [*args.after, self._let_members_in()])
        if settings.scaling.max > settings.scaling.min:
            autoscaling(
                self,
                scope,
                settings.scaling,
                cluster=network.cluster.name,
                service=self.service.name,
                requests=self._requests(cast(AwsIngress, args.ingress), route),
            )
        DeploymentCheck(
            f"{name}-deployment",
            region=network.region,
            cluster=network.cluster.name,
            service=self.service.name,
            task_definition=self.task.definition.arn,
            container=self.task.container_name,
            log_group=self.task.log_group.name,
            timeout_seconds=DEPLOY_MINUTES * 60,
            opts=self.child(),
        )
        handle = {
            "cluster": network.cluster.name,
            "service": self.service.name,
            "container": self.task.container_name,
            "log_group": self.task.log_group.name,
            "image": network.registry.image(settings.image),
        }
        self.finish(
            url=pulumi.Output.format("http://{0}.{1}:{2}", self.short, network.namespace.name, settings.port), handle=handle
        )

    def _route(self, ingress: AwsIngress) -> Route:
        ingress.attach(self)
        return ingress.route_of(self)

    def _requests(self, ingress: AwsIngress, route: Route | None) -> pulumi.Input[str] | None:
        """Load balancer and target group as autoscaling names them."""
        if route is None or ingress.load_balancer is None:
            return None
        return pulumi.Output.format("{0}/{1}", ingress.load_balancer.arn_suffix, route.target_group.arn_suffix)

    def _service(self, route: Route | None, after: list[pulumi.Resource]) -> aws.ecs.Service:
        settings, network, name = self.settings, self._network, f"{self.name}-ecs"
        provider = "FARGATE_SPOT" if settings.spot else "FARGATE"
        return aws.ecs.Service(
            name,
            name=self.short,
            cluster=network.cluster.arn,
            task_definition=self.task.definition.arn,
            desired_count=settings.scaling.min,
            # strategies from the first day: from a launch type to them ECS makes another service
            capacity_provider_strategies=[{"capacity_provider": provider, "weight": 1, "base": 0}],
            force_new_deployment=True,  # without it a change of strategy is a replacement; it needs triggers
            triggers={"capacity_provider": provider},
            platform_version="LATEST",
            scheduling_strategy="REPLICA",
            network_configuration={
                "subnets": network.application_subnets,
                "security_groups": self.task.security_group_ids,
                "assign_public_ip": False,
            },
            service_registries={"registry_arn": self._discovery().arn},
            deployment_circuit_breaker={"enable": True, "rollback": True},
            deployment_maximum_percent=200,
            deployment_minimum_healthy_percent=100 if self._scope.production else 50,
            availability_zone_rebalancing="ENABLED",
            enable_execute_command=settings.exec_access,
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            wait_for_steady_state=True,
            tags=self._scope.named(name),
            opts=self.child(
                depends_on=[*after, *(route.after if route else ())],
                # the autoscaler owns the number once it is on; without it the stack file does (terraform-aws-ecs#346)
                ignore_changes=["desired_count"] if settings.scaling.max > settings.scaling.min else [],
                custom_timeouts=pulumi.CustomTimeouts(*[f"{DEPLOY_MINUTES}m"] * 3),
            ),
            **self._balanced(route),
        )

    def _balanced(self, route: Route | None) -> dict[str, Any]:
        if route is None:
            return {}
        target = {
            "target_group_arn": route.target_group.arn,
            "container_name": self.task.container_name,
            "container_port": self.settings.port,
        }
        return {
            "load_balancers": [target],
            "health_check_grace_period_seconds": self.settings.health_check.start_period_seconds,
        }

    def _discovery(self) -> aws.servicediscovery.Service:
        """The name ``<service>.<app>-<environment>.internal``: the addresses of its healthy containers."""
        name = f"{self.name}-discovery"
        return aws.servicediscovery.Service(
            name,
            name=self.short,
            dns_config={
                "namespace_id": self._network.namespace.id,
                "routing_policy": "MULTIVALUE",
                "dns_records": [{"type": "A", "ttl": NAME_TTL_SECONDS}],
            },
            # the only value there is; without the block ECS could not take an unhealthy container out of the answers
            health_check_custom_config={"failure_threshold": 1},
            force_destroy=True,
            tags=self._scope.named(name),
            opts=self.child(),
        )

    def _let_members_in(self) -> pulumi.Resource:
        """Other services and jobs of the stack may call this one, on its port only."""
        return ingress_rule(
            self,
            self._scope,
            "from-members",
            group=self._network.security_group_of(self),
            port=self.settings.port,
            description="Services and jobs of the stack",
            source=self._network.members,
        )
