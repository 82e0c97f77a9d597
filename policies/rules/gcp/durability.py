"""Google Cloud: the checks of the rules in policies/rules/durability.py."""

from __future__ import annotations

from policies.checks import all_of, at_least, must_be, must_have, must_not_be_in
from policies.rule import Check, NotApplicable
from policies.rules.gcp.common import primary
from policies.rules.gcp.types import INSTANCE

BACKUPS = "settings.backupConfiguration"
KEPT = f"{BACKUPS}.backupRetentionSettings"


# Replicas too: they hold nothing of their own, but what reads from one is down without it. Pulumi's protect: data-protected.
database_deletion_protected = Check(
    (INSTANCE,),
    all_of(
        must_be("deletionProtection", True, default=True),  # of the provider: it refuses, and only it
        must_be("settings.deletionProtectionEnabled", True, default=False),  # of Cloud SQL: console and gcloud refuse as well
    ),
)
database_final_backup = Check(
    (INSTANCE,),
    primary(
        all_of(
            must_be("settings.retainBackupsOnDelete", True, default=False),
            must_be("settings.finalBackupConfig.enabled", True, default=False),
            must_have("settings.finalBackupConfig.retentionDays"),
            # An instance that the stack forgets goes on, and costs, without anybody who looks after it.
            must_not_be_in("deletionPolicy", ("ABANDON",), default="DELETE"),
        )
    ),
)
database_backups_kept = Check(
    (INSTANCE,),
    primary(
        all_of(
            must_be(f"{BACKUPS}.enabled", True, default=False),
            must_be(f"{KEPT}.retentionUnit", "COUNT", default="COUNT"),
            at_least(f"{KEPT}.retainedBackups", "days", default=7),
        )
    ),
)
database_point_in_time_recovery = Check(
    (INSTANCE,),
    primary(
        all_of(
            must_be(f"{BACKUPS}.pointInTimeRecoveryEnabled", True, default=False),
            at_least(f"{BACKUPS}.transactionLogRetentionDays", "days", default=7),
        )
    ),
)
database_in_vault = NotApplicable(
    "Backups outlive their instance (database-final-backup), and the backups job keeps others in a bucket (backup-vault-locked)"
)
database_highly_available = Check((INSTANCE,), primary(must_be("settings.availabilityType", "REGIONAL", default="ZONAL")))
database_cluster_spread = NotApplicable("Cloud SQL puts the standby of database-highly-available into another zone by itself")
database_snapshot_tags = NotApplicable(
    "A backup of Cloud SQL has no labels; it is listed below its instance, which has: data-labelled"
)
