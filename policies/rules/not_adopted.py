"""Rules of the known catalogues that are none of ours, and why; and scanners' checks that judge wrongly."""

from __future__ import annotations

from collections.abc import Mapping

from policies.rule import Reference
from policies.rules.references import references

NOT_ADOPTED: Mapping[tuple[Reference, ...], str] = {
    references(hub="RDS.14 RDS.45", checkov="AWS_326 AWS_325"): "Backtracking and audit plug-in are MySQL's.",
    references(hub="RDS.51", checkov="AWS_250 AWS_388 GCP_79"): (
        "They name versions or are MySQL's: the rule on the engine's end of life has a table with dates."
    ),
    references(hub="RDS.23"): "Another port hides nothing: who may connect is in the security groups.",
    references(hub="RDS.21 RDS.22"): (
        "Parameter groups change by this program only, where a review shows it; DB security groups are EC2-Classic's."
    ),
    references(hub="RDS.1 RDS.4", checkov="AWS_146 AWS_245 AWS_266 AWS_302"): (
        "The program makes no snapshot, copy or replicated backup of its own; those of RDS and AWS Backup have the keys of "
        "database-customer-key and backup-vault-key."
    ),
    references(hub="ECS.16 ECS.1"): "The program makes no task sets; ECS.1 was retired in March 2026.",
    references(hub="ELB.21 ELB.22"): (
        "TLS ends at the load balancer. Behind it requests stay in private subnets, and only its security group may reach a task."
    ),
    references(hub="S3.15"): (
        "A bucket's object lock cannot be undone and bars the backup job's own clearing up; the vault has what nobody may delete "
        "(database-in-vault, backup-vault-locked)."
    ),
    references(cis_gcp="6.2.7", checkov="GCP_57"): (
        "CIS wants log_min_duration_statement = -1, lest data stands in the log; slow statements are what one looks for first. "
        "database-slow-statements-logged asks for the opposite."
    ),
    references(checkov="GCP2_20"): "MySQL's; database-point-in-time-recovery is ours.",
    references(checkov="AWS_338"): "A year for every log is dear; log-retention has a number of days to raise.",
    references(checkov="GCP_88"): "MySQL's port only; data-ports-closed has all of them.",
    references(checkov="GCP_82"): "It wants keys protected from deletion: the rule on data-holding resources in prod does so.",
}
"""References to the reason."""

WRONG: Mapping[str, str] = {
    "CKV_AWS_334": "reads another key: privileged containers pass",
    "CKV_AWS_133": "passes an instance without any retention, whose default is 0",
    "CKV_AWS_134": "is about a type of cache without replicas",
    "CKV_GCP_60": "passes an absent IP configuration, which is public",
    "CKV_GCP_6": "fails ENCRYPTED_ONLY",
    "CKV_GCP_79": "wants PostgreSQL 18 and nothing else",
    "CKV_GCP_57": "see 6.2.7 above",
    "CKV_GCP_102": "knows the first version of Cloud Run only",
}
"""Where we have the same meaning, but not the same answer."""
