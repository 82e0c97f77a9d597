"""AWS Backup: snapshots of the database in a vault, out of reach of whoever may delete the database."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.alarms import topic_arn
from components.aws.cron import aws_cron
from components.aws.iam import service_role
from components.aws.kms import CustomerKey
from components.aws.network import AwsNetwork
from components.aws.topic import tell_of
from components.component import Component
from components.names import Scope
from components.settings.platform import BackupSettings

MANAGED_POLICY = "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
START_MINUTES, COMPLETION_MINUTES = 480, 1440
"""How long a backup may wait, and take in all: RDS refuses one in its maintenance window and the hour before."""


def vault(
    component: Component,
    scope: Scope,
    settings: BackupSettings,
    *,
    network: AwsNetwork,
    database: pulumi.Input[str],
    key: CustomerKey,
) -> aws.backup.Vault:
    """Vault ``<component>-vault`` and a plan that puts a snapshot of *database* (its ARN) there, when the logical backup runs.

    With ``deletion_protection`` the vault is locked in governance mode: snapshots cannot be deleted before ``retention_days``,
    except by who may take the lock away. A changed key recreates the vault, which works only when it is empty.
    """
    name, physical = f"{component.name}-vault", scope.physical(component.name, limit=50)
    kept = aws.backup.Vault(
        name,
        name=physical,
        kms_key_arn=key.arn,
        force_destroy=not settings.deletion_protection,
        tags=scope.named(name),
        opts=component.child(protect=settings.deletion_protection),
    )
    if settings.deletion_protection:
        aws.backup.VaultLockConfiguration(
            f"{name}-lock",
            backup_vault_name=kept.name,
            min_retention_days=settings.retention_days,
            opts=component.child(),
        )
    plan = aws.backup.Plan(
        f"{name}-plan",
        name=physical,
        rules=[
            {
                "rule_name": "scheduled",
                "target_vault_name": kept.name,
                "schedule": aws_cron(settings.schedule),
                "schedule_expression_timezone": settings.timezone,
                "start_window": START_MINUTES,
                "completion_window": COMPLETION_MINUTES,
                "lifecycle": {"delete_after": settings.retention_days},
                "recovery_point_tags": scope.named(name),
            }
        ],
        tags=scope.named(f"{name}-plan"),
        opts=component.child(),
    )
    role = service_role(
        component,
        "vault-role",
        scope,
        service="backup.amazonaws.com",
        account_id=network.account_id,
        managed=[MANAGED_POLICY],
    )
    aws.backup.Selection(
        f"{name}-selection",
        name=physical,
        plan_id=plan.id,
        iam_role_arn=role.arn,
        resources=[database],
        opts=component.child(),
    )
    tell_of(
        component,
        "vault-failed",
        scope,
        topic_arn(scope, network.account_id),
        pattern={
            "source": ["aws.backup"],
            "detail-type": ["Backup Job State Change"],
            "detail": {"backupVaultArn": [kept.arn], "state": ["ABORTED", "EXPIRED", "FAILED"]},
        },
        text=f"AWS Backup could not keep a snapshot of {scope.physical()}: <reason>",
        paths={"reason": "$.detail.statusMessage"},
    )
    return kept
