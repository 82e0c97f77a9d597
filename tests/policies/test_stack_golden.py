"""The stack rules on the real engine: prod of each cloud as a state, and the same with a mutation for each rule."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policies.levels import file_of
from policies.resource import Resource, Stack
from tests.policies.analyzed import analyze
from tests.policies.stacks import changed, real, without
from tests.policies.test_stack_real import OURS

DYNAMO = "aws:dynamodb/table:Table"
OPEN = {"environment-parity"}
"""A state is one stack: there is nothing to compare it with."""


def _foreign(stack: Stack) -> Resource:
    urn = f"urn:pulumi:{stack.name}::managed-postgres::{DYNAMO}::table"
    return Resource(urn=urn, type=DYNAMO, name="table", props={"name": "table"}, stack=stack.name)


def _broken(name: str) -> Stack:
    """A mutation for each rule of prod on that cloud."""
    edits: dict[str, list[tuple[str, dict[str, Any], dict[str, Any]]]] = {
        "prod": [
            ("monitoring-transaction-ids", {"alarmActions": []}, {}),
            ("database-logs-postgresql", {"retentionInDays": None}, {}),
            ("backups-bucket", {}, {"protect": False}),
            ("database-cluster", {"engineVersion": "14.9"}, {}),
        ],
        "gcp-prod": [
            ("monitoring-transaction-ids", {"notificationChannels": []}, {}),
            ("database-logs-sink", {"disabled": True}, {}),
            ("backups-bucket", {}, {"protect": False}),
            ("database-instance", {"databaseVersion": "POSTGRES_14"}, {}),
            ("database-replica-1", {"databaseVersion": "POSTGRES_99"}, {}),
        ],
    }
    gone = ("monitoring-memory", "backups-create", "backups-create-schedule", "backups-vault-selection")
    stack = without(real(name), lambda one: one.name in gone and not one.type.endswith(("cloudrunv2/job:Job", "Group")))
    for resource, props, options in edits[name]:
        stack = changed(stack, resource, props, **options)
    return replace(stack, resources=(*stack.resources, _foreign(stack)))


@pytest.mark.parametrize("name", ["prod", "gcp-prod"])
def test_prod_keeps_to_the_stack_rules_on_the_engine(name: str, tmp_path: Path) -> None:
    found = analyze(tmp_path, real(name), file_of("prod"))
    assert {one.rule for one in found.told} & {rule.id for rule in OURS} == {"restore-drill-recent"}, found


@pytest.mark.parametrize("name", ["prod", "gcp-prod"])
def test_each_mutation_is_told_on_the_engine(name: str, tmp_path: Path) -> None:
    config = json.loads(file_of("prod").read_text())
    config["cost-budget"]["monthly_usd"] = 1
    config["engine-supported"]["days"] = 1825
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    found = analyze(tmp_path, _broken(name), file)
    assert found.code == 1
    missed = {(rule.id, rule.prod) for rule in OURS if rule.id not in OPEN} - {(one.rule, one.level) for one in found.told}
    assert not missed
