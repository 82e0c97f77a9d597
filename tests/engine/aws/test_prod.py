"""The stack ``prod`` as it is in this checkout: it comes up, stays as it is, and goes only after the README's steps."""

from __future__ import annotations

import re

import pytest

from tests.engine.aws.deployment import AwsDeployment, Deploy, lost
from tests.engine.deployment import refused
from tests.engine.standin.deployment import own_settings, told

OPEN = {
    "database": {"deletion_protection": False},
    "buckets": {"static": {"deletion_protection": False}},
    "backups": {"deletion_protection": False},
}


@pytest.fixture(scope="module")
def live(deploy: Deploy) -> AwsDeployment:
    made = deploy("prod", own_settings("prod"))
    made.up()
    return made


def test_a_second_up_changes_nothing_even_after_the_autoscaler(live: AwsDeployment) -> None:
    """complaint 23: the running number is the autoscaler's."""
    live.drift("service-api-ecs", desiredCount=5)
    assert live.up() == []
    assert live.world.named("service-api-ecs").facts["desiredCount"] == 5


def test_complaint_17_destroy_is_refused_and_says_the_way(live: AwsDeployment) -> None:
    before = len(live.world.steps())
    refused(live.run("down", "--yes"), "database-cluster", "deletion_protection: false")
    assert len(live.world.steps()) == before


def test_complaint_16_a_change_that_would_recreate_the_database_is_refused(live: AwsDeployment) -> None:
    before = len(live.world.steps())
    live.configure(database={"name": "other"})
    refused(live.run("up"), "database-cluster", "protect")
    assert lost(live.world.steps()[before:]) == []


def test_the_documented_way_down(live: AwsDeployment) -> None:
    steps = live.up(**OPEN)
    assert lost(steps) == []
    assert {"update database-cluster"} <= told(steps)
    live.drift("ingress-load-balancer", enableDeletionProtection=False)  # aws elbv2 modify-load-balancer-attributes
    gone = live.run("down", "--yes")
    assert gone.code == 0, gone.text
    [snapshot] = live.world.noted("snapshot")
    assert re.fullmatch(r"reference-production-final-[0-9a-f]{8}", snapshot)
    assert "reference/production/db" in live.world.noted("deleted-secret"), "it can be restored for 30 days"
    left = {record.name for record in live.world.all()}
    assert "database-key" in left, "without it nobody could read the snapshot"
    assert {name.partition("-")[0] for name in left} == {"database"}, left
