"""Names that people choose meet the endings that components add: no two things of one stack may be called the same."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

from tests.components.gcp.stack import gcp_stack
from tests.recorder import Recording

JOBS = (
    *("report", "report-job", "report-schedule", "report-schedule-starter", "report-identity", "report-logs", "starter"),
    *("backups", "create", "backups-create", "a-reads", "b"),
)
SERVICES = (
    *("report", "report-job", "report-logs", "report-run", "report-identity", "report-bucket-a", "report-database", "cache"),
    *("a", "a-reads", "a-called-by-service-b", "b", "b-called-by-job-b", "report-internet"),
)
BUCKETS = ("a", "bucket-a", "a-bucket-a", "report", "backups")
OWN = {"A": "k:1", "B": "k:2", "C": "reads-k:1", "D": "projects/p/secrets/k:1", "E": "projects-p-secrets-k:1"}
OWN |= {"F": "database-secret-db:1", "G": "projects/q/secrets/k:1", "H": "projects/p/secrets/k:2"}
PHYSICAL = ("name", "accountId", "secretId", "bucketId", "repositoryId", "instanceId", "keyRingId")
"""What a resource is called at Google. Names of rights are those of what they are a right on."""
RANDOM = "0a1b2c3d"
"""What the recorder takes for random digits. Names that have some meet no others."""


@cache
def adversarial() -> Recording:
    common: dict[str, Any] = {"secrets": OWN, "buckets": list(BUCKETS)}
    service = {"image": "api:1", "public": False, **common}
    job = {"image": "api:1", "when": "schedule", "schedule": "0 1 * * *", **common}
    return gcp_stack(
        services=dict.fromkeys(SERVICES, service),
        jobs=dict.fromkeys(JOBS, job),
        buckets={name: {} for name in BUCKETS},
    )


def test_no_two_resources_of_a_type_have_one_name() -> None:
    assert adversarial().duplicates == []


def test_nothing_has_the_name_of_something_else_at_google() -> None:
    called: Counter[tuple[str, ...]] = Counter()
    for item in adversarial().resources.values():
        if item.type.startswith("gcp:") and not item.type.endswith("IamMember"):
            # a record's name is its own with its zone and type, a database user's with its instance
            place = [str(item.inputs.get(key)) for key in ("managedZone", "type", "instance")]
            names = [(key, str(item.inputs[key])) for key in PHYSICAL if key in item.inputs]
            called.update((item.type, *place, *name) for name in names if RANDOM not in name[1])
    assert len(called) > 100
    assert [name for name, times in called.items() if times > 1] == []


def test_every_workload_has_a_tag_of_its_own() -> None:
    tags = [
        tuple(interface["tags"])
        for kind in ("cloudrunv2/service:Service", "cloudrunv2/job:Job")
        for item in adversarial().of_type(kind).values()
        for template in [item.inputs["template"]]
        for interface in template.get("template", template)["vpcAccess"]["networkInterfaces"]
    ]
    assert len(tags) > len(JOBS) + len(SERVICES)
    # both jobs of the backups are one workload, with one database to reach
    assert [tag for tag, times in Counter(tags).items() if times > 1] == [("shop-dev-backups",)]
