"""What a workload's own role may do about the database: read its login's secrets, and log in to the proxy by IAM."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from components.aws.iam import Statement, Text, statement
from components.aws.kms import CustomerKey
from components.names import Scope
from operations import role_names


def read_logins(scope: Scope, key: CustomerKey, secrets: Sequence[Text]) -> list[Statement]:
    """Reading exactly *secrets*; *key* serves Secrets Manager only, so it opens neither the disk nor a snapshot."""
    through = {"StringEquals": {"kms:ViaService": f"secretsmanager.{scope.region}.amazonaws.com"}}
    return [
        statement(["secretsmanager:GetSecretValue"], secrets),
        statement(["kms:Decrypt"], [key.arn], condition=through),
    ]


def log_in(scope: Scope, account_id: Text, proxy_arn: pulumi.Output[str]) -> Statement:
    """Logging in to the proxy with an IAM token as the application, or as the second user that its rotation alternates with."""
    name = role_names.application_role(scope.app)
    proxy_id = proxy_arn.apply(lambda arn: (arn or "").rpartition(":")[2])
    users = pulumi.Output.format("arn:aws:rds-db:{0}:{1}:dbuser:{2}/", scope.region, account_id, proxy_id)
    return statement(["rds-db:connect"], [pulumi.Output.format("{0}{1}", users, user) for user in (name, role_names.other(name))])
