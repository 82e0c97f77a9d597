"""Every database is copied by a scheduled job or a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.resource import UNKNOWN, Stack
from policies.rules.aws.types import BACKUP_SELECTION, INSTANCE
from policies.rules.gcp.types import INSTANCE as CLOUD_SQL
from policies.stack.backups import PLAN, RULES
from policies.verdict import Undecided
from tests.policies.runtime_args import resource, urn_of
from tests.policies.stacks import changed, of, real, told, without

RULE = of(RULES, "database-backup-job")
NONE = "has no scheduled backup job, and no backup plan names it"
DRILL: Any = ["python", "-m", "operations", "drill"]


@pytest.mark.parametrize("name", ["dev", "prod", "gcp-dev", "gcp-prod", "local"])
def test_the_real_stacks_are_copied(name: str) -> None:
    assert told(RULE, real(name)) == []


def test_without_the_schedule_there_is_no_job() -> None:
    aws = without(real("dev"), lambda one: one.name == "backups-create")
    assert told(RULE, aws) == [("database-cluster", NONE)], "the drill runs by the clock as well, but copies nothing"
    google = without(real("gcp-prod"), lambda one: one.name == "backups-create-schedule")
    assert told(RULE, google) == [("database-instance", NONE)], "a replica has the copies of its source"


def test_a_plan_is_enough() -> None:
    assert told(RULE, without(real("prod"), lambda one: one.name == "backups-create")) == []


@pytest.mark.parametrize(
    ("stack", "schedule", "off"),
    [("dev", "backups-create", {"state": "DISABLED"}), ("gcp-dev", "backups-create-schedule", {"paused": True})],
)
def test_a_schedule_that_is_off_copies_nothing(stack: str, schedule: str, off: dict[str, Any]) -> None:
    assert [what for _, what in told(RULE, changed(real(stack), schedule, off))] == [NONE]  # type: ignore[misc]


def _target(stack: Stack, **given: Any) -> dict[str, Any]:
    schedule = next(one for one in stack.resources if one.name == "backups-create")
    return {"target": {**schedule.props["target"], **given}}


def test_a_job_with_another_command_copies_nothing() -> None:
    dev = real("dev")
    other = changed(dev, "backups-create", _target(dev, input='{"containerOverrides": [{"command": ["drill"]}]}'))
    assert told(RULE, other) == [("database-cluster", NONE)]
    google = real("gcp-dev")
    job = next(one for one in google.resources if one.name == "backups-create")
    template = {"template": {"containers": [{**job.props["template"]["template"]["containers"][0], "args": DRILL}]}}
    assert told(RULE, changed(google, "backups-create", {"template": template})) == [("database-instance", NONE)]


def test_without_its_own_command_the_tasks_counts() -> None:
    dev = changed(real("dev"), "backups-create", {"target": {"arn": UNKNOWN}})
    assert told(RULE, dev) == []
    task = next(one.urn for one in dev.resources if one.name == "backups-task")
    later = changed(dev, "backups-task", {"containerDefinitions": UNKNOWN})
    assert told(RULE, later) == [Undecided(("containerDefinitions",), task)]


def test_a_command_that_is_not_known_leaves_it_open() -> None:
    dev = changed(real("dev"), "backups-create", _target(real("dev"), input=UNKNOWN))
    assert [type(one) for one in told(RULE, dev)] == [Undecided]
    assert told(RULE, changed(real("prod"), "backups-create", _target(real("prod"), input=UNKNOWN))) == [], "the plan decides"


def test_plans_of_both_clouds_and_a_replica() -> None:
    rds = resource(INSTANCE, {"identifier": "a"}, name="a", runtime=False)
    replica = resource(INSTANCE, {"identifier": "b", "replicateSourceDb": "a"}, name="b", runtime=False)
    sql = resource(CLOUD_SQL, {"name": "c"}, name="c", runtime=False)
    stack = Stack("test", "prod", "aws", (rds, replica, sql))
    assert told(RULE, stack) == [("a", NONE), ("c", NONE)]
    plans = (
        resource(BACKUP_SELECTION, {}, runtime=False, property_depends_on={"resources": (urn_of(INSTANCE, "a"),)}),
        resource(PLAN, {}, runtime=False, property_depends_on={"resource": (urn_of(CLOUD_SQL, "c"),)}),
    )
    assert told(RULE, replace(stack, resources=(*stack.resources, *plans))) == []
