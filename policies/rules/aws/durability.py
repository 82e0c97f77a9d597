"""AWS: the checks of the rules in policies/rules/durability.py."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import all_of, at_least, must_be, must_have
from policies.resource import ABSENT, Stack
from policies.rule import Check, Config, NotApplicable
from policies.rules.aws.common import primary
from policies.rules.aws.types import BACKUP_SELECTION, CLUSTER, CLUSTER_INSTANCE, INSTANCE
from policies.rules.sides import linked
from policies.verdict import Undecided

DATABASES = (CLUSTER, INSTANCE)

database_deletion_protected = Check(DATABASES, primary(must_be("deletionProtection", True)))
database_final_backup = Check(
    DATABASES,
    primary(
        all_of(
            must_be("skipFinalSnapshot", False, default=False),
            must_have("finalSnapshotIdentifier"),
            must_be("deleteAutomatedBackups", False, default=True),
        )
    ),
)
database_backups_kept = (
    # The providers' own defaults, in words of AWS: a cluster keeps a day, an instance nothing at all.
    Check((CLUSTER,), at_least("backupRetentionPeriod", "days", default=1)),
    Check((INSTANCE,), primary(at_least("backupRetentionPeriod", "days", default=0))),
)
database_point_in_time_recovery = NotApplicable("Automated backups include it; their retention is database-backups-kept")
database_highly_available = Check((INSTANCE,), primary(must_be("multiAz", True, default=False)))
database_snapshot_tags = Check((CLUSTER, INSTANCE), must_be("copyTagsToSnapshot", True, default=False))


def database_in_vault(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """Every database is named by a selection of AWS Backup. One by tags is not followed, so reported."""
    for database in stack.of_type(*DATABASES):
        if database.fact("replicateSourceDb") is not ABSENT or linked(stack, database.urn, BACKUP_SELECTION, "resources"):
            continue
        yield database.urn, "is in no backup plan: no Selection of AWS Backup names it in resources"


def database_cluster_spread(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """Every Aurora cluster has enough servers; where their zones are known, in different ones."""
    for cluster in stack.of_type(CLUSTER):
        servers = linked(stack, cluster.urn, CLUSTER_INSTANCE, "clusterIdentifier")
        zones = {server.fact("availabilityZone") for server in servers}
        if len(servers) < config["servers"]:
            yield cluster.urn, "must have at least as many ClusterInstances as the policy's servers"
        elif len(servers) > 1 and len(zones) == 1 and all(zones):
            yield cluster.urn, "must have its ClusterInstances in different values of availabilityZone"
