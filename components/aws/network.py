"""The network of AWS: a VPC, made here or existing, and what everything in it shares: key, cluster, registry, log bucket."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.cluster import ecs_cluster
from components.aws.flow_logs import flow_logs
from components.aws.iam import Statement, statement
from components.aws.kms import account_of, customer_key
from components.aws.log_bucket import log_bucket
from components.aws.registry import Registry
from components.aws.subnets import Subnets, existing_subnets, zones_of
from components.aws.vpc import Vpc
from components.component import Component
from components.contract import Network, NetworkArgs
from components.names import Scope


class AwsNetwork(Network):
    """Where everything runs.

    A change of ``cidr`` or of a zone's name recreates subnets and all in them; all else is changed in place.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        scope, settings = args.scope, args.settings
        self._scope = scope
        self._groups: dict[str, aws.ec2.SecurityGroup] = {}
        self.region = scope.region
        self.cidr = settings.cidr
        """Addresses of the network; of an existing one what the settings say."""
        self.zones = zones_of(scope.region, settings)
        """Names of the zones, as the subnets' order; empty for an existing network whose settings do not name them."""
        self.key = customer_key(
            self,
            scope,
            purpose="logs, images, alarms, shell sessions",
            services=[f"logs.{scope.region}.amazonaws.com", "cloudwatch.amazonaws.com", "events.rds.amazonaws.com"],
            statements=[_publish_events(scope)],
        )
        """For what no other key is for: log groups, images, the alarms' topic, shell sessions."""
        self.account_id = account_of(self.key.arn)
        network_id, subnets = self._place(args)
        self.network_id = network_id
        self.public_subnets = list(subnets.public)
        """Ids of the subnets for load balancers, one per zone. Whoever uses a subnet's id waits for its routes."""
        self.application_subnets = list(subnets.application)
        """Ids of the subnets for containers and functions."""
        self.database_subnets = list(subnets.database)
        """Ids of the subnets for data, without a way to the internet."""
        self.registry = Registry(self, scope, self.key)
        self.log_bucket, self.log_policy = log_bucket(self, scope, self.account_id)
        """Bucket of access logs; a load balancer that writes there depends on the policy."""
        self.cluster, self.capacity = ecs_cluster(self, scope, self.key)
        """Cluster of all tasks; what runs a task depends on the capacity."""
        self.namespace = self._namespace()
        """Names of internal services: ``<service>.<app>-<environment>.internal``."""
        self.members = self._group(self, "members-security-group", "Every service and job of the stack")
        """Every service and job is a member; internal services accept members."""
        self.finish(network_id=network_id)

    def security_group_of(self, workload: Component) -> aws.ec2.SecurityGroup:
        """The workload's own group, made as its child when first asked for. It has no rules: who grants access adds them."""
        if workload.name not in self._groups:
            self._groups[workload.name] = self._group(workload, "security-group", f"Workload {workload.name}")
        return self._groups[workload.name]

    def _place(self, args: NetworkArgs) -> tuple[pulumi.Output[str], Subnets]:
        """The network's id and subnets; nothing of an existing one is changed."""
        if args.settings.existing:
            return pulumi.Output.from_input(args.settings.existing.id), existing_subnets(args.settings.existing)
        made = Vpc(self, args.scope, args.settings, self.zones)
        if args.settings.flow_logs:
            flow_logs(self, args.scope, made.vpc, retention_days=args.settings.flow_log_retention_days, key=self.key)
        return made.vpc.id, made.subnets

    def _group(self, owner: Component, role: str, description: str) -> aws.ec2.SecurityGroup:
        name = f"{owner.name}-{role}"
        return aws.ec2.SecurityGroup(
            name,
            name_prefix=f"{self._scope.physical(name, limit=99)}-",
            description=description,
            vpc_id=self.network_id,
            tags=self._scope.named(name),
            opts=owner.child(),
        )

    def _namespace(self) -> aws.servicediscovery.PrivateDnsNamespace:
        name = f"{self.name}-namespace"
        return aws.servicediscovery.PrivateDnsNamespace(
            name,
            name=f"{self._scope.physical()}.internal",
            description=f"Internal services of {self._scope.physical()}",
            vpc=self.network_id,
            tags=self._scope.named(name),
            opts=self.child(),
        )


def _publish_events(scope: Scope) -> Statement:
    """EventBridge publishes to the alarms' encrypted topic, without saying for which account: SNS takes no such condition there
    (Amazon SNS developer guide, key management), so the topic's name is the condition."""
    topics = f"arn:aws:sns:{scope.region}:*:{scope.app}-*"
    return statement(
        ["kms:Decrypt", "kms:GenerateDataKey*"],
        ["*"],
        principals={"Service": "events.amazonaws.com"},
        condition={"ArnLike": {"kms:EncryptionContext:aws:sns:topicArn": topics}},
    )
