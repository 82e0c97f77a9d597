"""Databases: that their data outlives mistakes, disks and zones."""

from __future__ import annotations

from policies.rule import AnyRule, ConfigKey, Rule, StackRule
from policies.rules.aws import durability as aws
from policies.rules.aws.types import CLUSTER, INSTANCE
from policies.rules.gcp import durability as gcp
from policies.rules.references import references
from policies.rules.sides import on_clouds

DOCS = "components/aws/README.md#database"
CHANGES = "components/aws/README.md#what-a-change-does"
BACKUPS = "components/aws/README.md#schedules-and-backups"

RULES: tuple[AnyRule, ...] = (
    Rule(
        id="database-deletion-protected",
        title="The cloud refuses to delete a database",
        severity="high",
        frameworks=references(hub="RDS.7 RDS.8", cis_gcp="6.9", checkov="AWS_139 AWS_293"),
        remediation="Set database.deletion_protection to true (on Google Cloud it stands for both of the two protections).",
        docs=CHANGES,
        aws=aws.database_deletion_protected,
        gcp=gcp.database_deletion_protected,
        dev="advisory",
    ),
    Rule(
        id="database-final-backup",
        title="Backups outlive a deleted database, the last one included",
        severity="high",
        remediation="Set database.final_backup to true.",
        docs=CHANGES,
        aws=aws.database_final_backup,
        gcp=gcp.database_final_backup,
        dev="advisory",
    ),
    Rule(
        id="database-backups-kept",
        title="The cloud's automatic backups are on and kept long enough",
        severity="high",
        frameworks=references(hub="RDS.11 RDS.50", cis_gcp="6.8", checkov="AWS_133 GCP_14"),
        remediation="Raise database.backup.retention_days.",
        docs=BACKUPS,
        aws=aws.database_backups_kept,
        gcp=gcp.database_backups_kept,
        config={"days": ConfigKey("integer", 7, "Days (Google Cloud: backups) to keep.", minimum=1, maximum=35)},
        dev="mandatory",
    ),
    Rule(
        id="database-point-in-time-recovery",
        title="A database can be restored to any moment of the last days",
        severity="high",
        remediation="Leave point-in-time recovery on; its days of log follow database.backup.retention_days.",
        docs=BACKUPS,
        aws=aws.database_point_in_time_recovery,
        gcp=gcp.database_point_in_time_recovery,
        config={"days": ConfigKey("integer", 7, "Days to go back at least.", minimum=1, maximum=35)},
        dev="mandatory",
    ),
    StackRule(
        id="database-in-vault",
        title="A database's snapshots also go where its owner cannot delete them",
        severity="medium",
        frameworks=references(hub="RDS.26", checkov="AWS2_8"),
        remediation="Set backups.vault to true.",
        docs=BACKUPS,
        judge=on_clouds(aws=aws.database_in_vault, gcp=gcp.database_in_vault),
        types=(CLUSTER, INSTANCE),
        dev="advisory",
    ),
    Rule(
        id="database-highly-available",
        title="A database survives the loss of a zone",
        severity="medium",
        frameworks=references(hub="RDS.5", cis_aws="3.2.4", checkov="AWS_157"),
        remediation="Set database.ha to true.",
        docs=DOCS,
        aws=aws.database_highly_available,
        gcp=gcp.database_highly_available,
        dev="advisory",
    ),
    StackRule(
        id="database-cluster-spread",
        title="A database cluster has servers in several zones",
        severity="medium",
        frameworks=references(hub="RDS.15", cis_aws="3.2.4"),
        remediation="Set database.ha to true, or database.readers to at least 1.",
        docs=DOCS,
        judge=on_clouds(aws=aws.database_cluster_spread, gcp=gcp.database_cluster_spread),
        types=(CLUSTER,),
        config={"servers": ConfigKey("integer", 2, "Servers that a cluster must have.", minimum=1, maximum=16)},
        dev="advisory",
    ),
    Rule(
        id="database-snapshot-tags",
        title="A snapshot says whose it is",
        severity="low",
        frameworks=references(hub="RDS.16 RDS.17 RDS.47", checkov="AWS_313 AWS2_60"),
        remediation="Set copyTagsToSnapshot.",
        docs=BACKUPS,
        aws=aws.database_snapshot_tags,
        gcp=gcp.database_snapshot_tags,
        dev="mandatory",
    ),
)
