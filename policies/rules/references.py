"""Which rules of known catalogues a rule of ours stands for. Their numbers move, so each is told with its catalogue's version."""

from __future__ import annotations

from policies.rule import Reference

HUB = "2026-08"
"""AWS Security Hub's documentation of that month."""
CIS_AWS, CIS_GCP = "7.0", "5.0"
CHECKOV = "3.3.30"


def references(*, hub: str = "", cis_aws: str = "", cis_gcp: str = "", checkov: str = "") -> tuple[Reference, ...]:
    """References from ids with spaces between: Security Hub's, the CIS benchmarks', and checkov's (``AWS2_69`` is CKV2_AWS_69).

    A scanner's id is told where we adopt what it means. How some of them judge is known to be wrong
    (policies/rules/not_adopted.py, ``WRONG``), and then only the meaning is ours.
    """
    return tuple(
        Reference(framework, version, id_)
        for framework, version, ids in (
            ("CIS AWS", CIS_AWS, cis_aws.split()),
            ("CIS GCP", CIS_GCP, cis_gcp.split()),
            ("Security Hub", HUB, hub.split()),
            ("checkov", CHECKOV, [_checkov(short) for short in checkov.split()]),
        )
        for id_ in ids
    )


def _checkov(short: str) -> str:
    """``AWS_16`` as ``CKV_AWS_16``, ``GCP2_12`` as ``CKV2_GCP_12``."""
    cloud, _, number = short.partition("_")
    return f"CKV2_{cloud[:-1]}_{number}" if cloud.endswith("2") else f"CKV_{cloud}_{number}"
