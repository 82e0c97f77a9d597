"""What the two roles of a task may do. The execution role starts the container, the task role is the program's own."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.iam import Statement, Text, statement
from components.aws.kms import decrypt
from components.aws.network import AwsNetwork
from components.names import Scope

ECR = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+)")


def pull(network: AwsNetwork, image: str) -> list[Statement]:
    """Fetching *image* (as in the stack file) and no other. A registry outside ECR asks for no right."""
    own, match = network.registry.own(image), ECR.match(image)
    if own:
        repository: Text = own.arn
    elif match:
        repository = "arn:aws:ecr:{region}:{account}:repository/{name}".format(**match.groupdict())
    else:
        return []
    return [
        # the login to ECR is one for the account; AWS has no narrower resource for it
        statement(["ecr:GetAuthorizationToken"], ["*"]),
        statement(["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], [repository]),
    ]


def write_logs(group: aws.cloudwatch.LogGroup) -> Statement:
    """Writing to *group*, which exists already."""
    return statement(["logs:CreateLogStream", "logs:PutLogEvents"], [pulumi.Output.format("{0}:*", group.arn)])


def read_secrets(network: AwsNetwork, secrets: Sequence[Text]) -> list[Statement]:
    """Reading exactly *secrets*, whatever keys encrypt them: a key is used only through Secrets Manager and only for these."""
    if not secrets:
        return []
    once = pulumi.Output.all(*secrets).apply(lambda arns: sorted({arn for arn in arns if arn}))
    condition = {
        "StringEquals": {"kms:ViaService": f"secretsmanager.{network.region}.amazonaws.com"},
        "StringLike": {"kms:EncryptionContext:SecretARN": once},
    }
    keys = pulumi.Output.format("arn:aws:kms:{0}:{1}:key/*", network.region, network.account_id)
    return [
        statement(["secretsmanager:GetSecretValue"], once),
        statement(["kms:Decrypt"], [keys], condition=condition),
    ]


def shell_sessions(network: AwsNetwork, scope: Scope) -> list[Statement]:
    """What a container must be allowed for a shell in it (ECS Exec), the record of the session included."""
    name = f"/{scope.physical()}/sessions"
    group = pulumi.Output.format("arn:aws:logs:{0}:{1}:log-group:{2}:*", network.region, network.account_id, name)
    channels = [f"ssmmessages:{verb}{kind}Channel" for verb in ("Create", "Open") for kind in ("Control", "Data")]
    return [
        # neither the channels of Session Manager nor the listing of log groups has a resource to name
        statement([*channels, "logs:DescribeLogGroups"], ["*"]),
        statement(["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], [group]),
        decrypt(network.key),
    ]
