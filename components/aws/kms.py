"""Customer managed keys: one for each thing that holds data, so that a right to one is no right to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.aws.iam import Statement, Text, document, statement
from components.component import Component
from components.names import Scope

USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
"""What using a key means, for the service that encrypts with it."""


@dataclass(frozen=True)
class CustomerKey:
    """A key that may be used."""

    arn: pulumi.Output[str]
    """Known when its policy is in force: CloudWatch Logs refuses a key that does not admit it yet."""


def customer_key(
    component: Component,
    scope: Scope,
    *,
    purpose: str,
    services: Sequence[str] = (),
    statements: Sequence[Statement] = (),
    protect: bool = False,
    retain: bool = False,
) -> CustomerKey:
    """Key ``<component>-key``, rotated every year, deleted only after a month of waiting in prod and a week elsewhere.

    *services* (``logs.ap-northeast-1.amazonaws.com``) may use it for this account; *statements* say whatever else. Rights of
    roles are given by their own policies. *retain*: it stays at AWS when the stack goes, because what outlives it
    (snapshots) could not be read without.
    """
    name = f"{component.name}-key"
    key = aws.kms.Key(
        name,
        description=f"{scope.physical()}: {purpose}",
        enable_key_rotation=True,
        deletion_window_in_days=30 if scope.production else 7,
        tags=scope.named(name),
        opts=component.child(protect=protect, retain_on_delete=retain),
    )
    account = account_of(key.arn)
    everything = statement(["kms:*"], ["*"], principals={"AWS": pulumi.Output.format("arn:aws:iam::{0}:root", account)})
    used = [
        statement(USE, ["*"], principals={"Service": service}, condition=_for_account(service, account)) for service in services
    ]
    policy = aws.kms.KeyPolicy(
        f"{name}-policy",
        key_id=key.id,
        policy=document([everything, *used, *statements]),
        opts=component.child(protect=protect, retain_on_delete=retain),
    )
    aws.kms.Alias(
        f"{name}-alias",
        name=f"alias/{scope.physical(component.name, limit=200)}",
        target_key_id=key.id,
        opts=component.child(),
    )
    return CustomerKey(pulumi.Output.all(key.arn, policy.id).apply(lambda found: found[0]))


def account_of(arn: pulumi.Output[str]) -> pulumi.Output[str]:
    """The account id inside *arn*."""
    return arn.apply(lambda text: ((text or "").split(":") + [""] * 5)[4])


def decrypt(key: CustomerKey) -> Statement:
    """What a role needs to read what *key* encrypts."""
    return statement(["kms:Decrypt"], [key.arn])


def encrypt(key: CustomerKey) -> Statement:
    """What a role needs to write what *key* encrypts (S3 also decrypts its data key for multipart uploads)."""
    return statement(["kms:Decrypt", "kms:GenerateDataKey"], [key.arn])


def _for_account(service: str, account: Text) -> dict[str, object]:
    """CloudWatch Logs sends no source account; its condition is the log group's ARN as encryption context."""
    if service.startswith("logs."):
        region = service.split(".")[1]
        pattern = pulumi.Output.format("arn:aws:logs:{0}:{1}:*", region, account)
        return {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": pattern}}
    return {"StringEquals": {"aws:SourceAccount": account}}
