"""The function that changes passwords, and the schedules that call it. What it does is in ``operations/rotation``."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.firewall import ANYWHERE, egress_rule, let_in, security_group
from components.aws.iam import Statement, Text, document, grant, service_role, statement
from components.aws.kms import CustomerKey
from components.aws.logs import log_group
from components.aws.network import AwsNetwork
from components.aws.secret import Address, DatabaseSecret
from components.component import Component
from components.names import Scope
from components.settings.database import DatabaseSettings

HANDLER = "operations.rotation.aws.handler"
SECONDS = 120
"""Limit of one step. The longest asks ECS to redeploy every service."""
MEMORY_MIB = 256

NETWORK_INTERFACES = (
    *("ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
    *("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces"),
    *("ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
)
"""What a function inside a VPC needs (AWS's own AWSLambdaVPCAccessExecutionRole, without its logs)."""


class PasswordRotation:
    """Function ``<app>-<environment>-database-rotation`` in the operations image, called by Secrets Manager.

    All resources are children of the *database*. *secret*: the application's, rotated with alternating users; *previous*: where
    the user before goes, for a proxy; *own_admin*: the admin's secret, where it is ours. *direct* and *public*: the address for
    the function and the one that applications find in the secret.
    """

    def __init__(
        self,
        database: Component,
        scope: Scope,
        settings: DatabaseSettings,
        *,
        network: AwsNetwork,
        key: CustomerKey,
        security_group: aws.ec2.SecurityGroup,
        admin_secret: Text,
        direct: Address,
        public: Address,
        secret: DatabaseSecret,
        own_admin: DatabaseSecret | None,
        previous: DatabaseSecret | None,
        after: Sequence[pulumi.Resource],
    ) -> None:
        self._database, self._scope, self._settings, self._network, self._key = database, scope, settings, network, key
        self.function_name = scope.physical(database.name, "rotation", limit=64)
        """Its name at AWS, the ``FunctionName`` of its metrics; errors mean that a password was not rotated."""
        rotated = {"application": secret, **({"admin": own_admin} if own_admin else {})}
        written = [*rotated.values(), *([previous] if previous else [])]
        environment: dict[str, Text] = {
            "DB_SECRET_ID": admin_secret,
            "DB_HOST": direct.host,
            "DB_PORT": str(direct.port),
            "DB_NAME": direct.dbname,
            "DB_SSL_MODE": "verify-full",
            "DB_SSL_ROOT_CERT": direct.ca,
            "SECRET_IDS": pulumi.Output.all(*[one.arn for one in written]).apply(
                lambda arns: ",".join(arn or "" for arn in arns)
            ),
            "APPLICATION_HOST": public.host,
            "APPLICATION_PORT": str(public.port),
            "APPLICATION_SSL_ROOT_CERT": public.ca,
            "ECS_CLUSTER": network.cluster.name,
            **({"PREVIOUS_SECRET_ID": previous.arn} if previous else {}),
        }
        function = self._function(environment, [secret.arn for secret in written], admin_secret, security_group)
        for role, one in rotated.items():
            self._schedule(role, one, function, after)
        # The secrets' values are written once. When an address changes (a proxy comes or goes), the function corrects it there.
        self.addressed: pulumi.Resource = aws.lambda_.Invocation(
            f"{database.name}-rotation-address",
            function_name=function.name,
            input=pulumi.Output.json_dumps(
                {"Step": "address", "because": [[at.host, at.port, at.dbname, at.ca] for at in (direct, public)]}, sort_keys=True
            ),
            opts=database.child(depends_on=[*after, function]),
        )
        """Done when the secrets' values name the right address."""

    def _function(
        self,
        environment: dict[str, Text],
        written: Sequence[Text],
        admin_secret: Text,
        target: aws.ec2.SecurityGroup,
    ) -> aws.lambda_.Function:
        database, scope, network = self._database, self._scope, self._network
        logical = f"{database.name}-rotation"
        logs = log_group(
            database,
            "rotation-logs",
            scope,
            name=f"/aws/lambda/{self.function_name}",
            retention_days=self._settings.log_retention_days,
            key=network.key,
        )
        own = security_group(
            database, scope, "rotation", network_id=network.network_id, description="Password rotation: database and AWS out"
        )
        rules = let_in(
            database,
            scope,
            "rotation",
            source=own,
            target=target,
            port=self._settings.port,
            description="Password rotation to database",
        )
        https = egress_rule(
            database,
            scope,
            "rotation-egress-https",
            group=own,
            port=443,
            description="Secrets Manager and ECS",
            addresses=ANYWHERE,
        )
        # No account condition: AWS does not document that Lambda sends a source account when it takes the role.
        role = service_role(database, "rotation-role", scope, service="lambda.amazonaws.com")
        rights = grant(database, "rotation-role", role, self._rights(written, admin_secret, logs))
        return aws.lambda_.Function(
            logical,
            name=self.function_name,
            description=f"{scope.physical()}: changes the database passwords",
            package_type="Image",
            image_uri=network.registry.image(scope.operations_image),
            image_config={"entry_points": ["python", "-m", "awslambdaric"], "commands": [HANDLER]},
            architectures=["x86_64"],
            role=role.arn,
            timeout=SECONDS,
            memory_size=MEMORY_MIB,
            environment={"variables": environment},
            kms_key_arn=self._key.arn,
            vpc_config={"subnet_ids": network.application_subnets, "security_group_ids": [own.id]},
            tracing_config={"mode": "Active"},
            logging_config={"log_format": "Text", "log_group": logs.name},
            tags=scope.named(logical),
            opts=database.child(depends_on=[rights, *rules, https, *self._pull()]),
        )

    def _pull(self) -> Sequence[pulumi.Resource]:
        """The stack's own repository lets Lambda fetch the image; a role gives no such right."""
        own = self._network.registry.own(self._scope.operations_image)
        if own is None:
            return []
        prefix = f"arn:aws:lambda:{self._scope.region}:"
        functions = pulumi.Output.format("{0}{1}:function:{2}*", prefix, self._network.account_id, self.function_name)
        fetch = statement(
            ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            None,
            principals={"Service": "lambda.amazonaws.com"},
            condition={"StringLike": {"aws:SourceArn": functions}},
        )
        return [
            aws.ecr.RepositoryPolicy(
                f"{self._database.name}-rotation-pull",
                repository=own.name,
                policy=document([fetch]),
                opts=self._database.child(),
            )
        ]

    def _rights(self, written: Sequence[Text], admin_secret: Text, logs: aws.cloudwatch.LogGroup) -> list[Statement]:
        cluster, region = self._network.cluster, self._scope.region
        services = cluster.arn.apply(lambda arn: f"{(arn or '').replace(':cluster/', ':service/')}/*")
        return [
            statement(
                [
                    "secretsmanager:DescribeSecret",
                    "secretsmanager:GetSecretValue",
                    "secretsmanager:PutSecretValue",
                    "secretsmanager:UpdateSecretVersionStage",
                ],
                written,
            ),
            statement(["secretsmanager:GetSecretValue"], [admin_secret]),
            # for secrets and the function's own variables: it opens neither the disk nor a snapshot
            statement(
                ["kms:Decrypt", "kms:GenerateDataKey"],
                [self._key.arn],
                condition={
                    "StringEquals": {"kms:ViaService": [f"{one}.{region}.amazonaws.com" for one in ("secretsmanager", "lambda")]}
                },
            ),
            statement(["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.format("{0}:*", logs.arn)]),
            statement(["ecs:DescribeServices", "ecs:UpdateService"], [services]),
            # the rest has no narrower resource at AWS
            statement(["ecs:ListServices"], ["*"], condition={"ArnEquals": {"ecs:cluster": cluster.arn}}),
            statement(["ecs:DescribeTaskDefinition", "xray:PutTelemetryRecords", "xray:PutTraceSegments"], ["*"]),
            statement(NETWORK_INTERFACES, ["*"]),
        ]

    def _schedule(
        self, role: str, secret: DatabaseSecret, function: aws.lambda_.Function, after: Sequence[pulumi.Resource]
    ) -> None:
        """Let Secrets Manager call the function for this secret, and say how often."""
        logical = f"{self._database.name}-{role}-rotation"
        allowed = aws.lambda_.Permission(
            f"{logical}-permission",
            action="lambda:InvokeFunction",
            function=function.name,
            principal="secretsmanager.amazonaws.com",
            source_arn=secret.arn,
            source_account=self._network.account_id,
            opts=self._database.child(),
        )
        aws.secretsmanager.SecretRotation(
            logical,
            secret_id=secret.arn,
            rotation_lambda_arn=function.arn,
            rotation_rules={"automatically_after_days": self._settings.password_rotation_days},
            rotate_immediately=False,
            opts=self._database.child(depends_on=[*after, allowed]),
        )
