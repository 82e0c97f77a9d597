"""Jobs: run at deployment, on a schedule, or by hand."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import pytest

from components import digest as digests
from components.digest import digest
from tests.components.aws.stack import aws_stack
from tests.components.test_contract import config
from tests.recorder import main, record


def test_complaint_25_a_deploy_job_runs_before_the_services() -> None:
    runs = aws_stack().of_type("aws:TaskRun")
    assert set(runs) == {"job-migrate-run"}
    run = runs["job-migrate-run"].inputs
    assert run["task_definition"] == "arn:aws:ecs:ap-northeast-1:123456789012:job-migrate-task"
    assert run["triggers"] == [digest("migrations")]
    assert run["container"] == "job-migrate"
    assert run["security_groups"] == ["job-migrate-security-group-id", "network-members-security-group-id"]
    assert run["timeout_seconds"] == 900


def test_complaint_25_nothing_is_looked_up_or_run_by_the_program() -> None:
    """``ecs.get_task_execution`` runs a task at every preview; the recorder refuses every look-up."""
    assert not [kind for kind in {found.type for found in aws_stack().resources.values()} if "taskExecution" in kind]


def test_a_migration_changes_the_trigger_of_its_job_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "ROOT", tmp_path)
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "001.sql").write_text("select 1;")
    before = digest("migrations")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_text("x")
    assert digest("migrations") == before
    (folder / "002.sql").write_text("select 2;")
    assert digest("migrations") != before


def test_a_scheduled_job_is_not_run_at_deployment() -> None:
    schedule = aws_stack().of_type("scheduler/schedule:Schedule")["job-report-schedule"].inputs
    assert schedule["scheduleExpression"] == "cron(0 1 * * ? *)"
    assert schedule["scheduleExpressionTimezone"] == "Asia/Tokyo"
    task = schedule["target"]["ecsParameters"]
    assert task["taskDefinitionArn"].endswith("job-report-task")


def test_a_manual_job_is_a_task_definition_and_a_command() -> None:
    stack = aws_stack()
    children = {found.type.rpartition(":")[2] for found in stack.resources.values() if found.name.startswith("job-load-")}
    assert "TaskDefinition" in children
    assert not children & {"Schedule", "TaskRun", "Service"}


def test_the_command_is_one_that_aws_takes() -> None:
    words = shlex.split(aws_stack().outputs["jobs"]["load"])
    assert words[:3] == ["aws", "ecs", "run-task"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert options["--cluster"] == "shop-dev"
    assert options["--task-definition"] == "shop-dev-job-load", "the family: always its newest revision"
    assert options["--launch-type"] == "FARGATE"
    assert options["--network-configuration"] == (
        "awsvpcConfiguration={subnets=[network-application-1-id,network-application-2-id],"
        "securityGroups=[job-load-security-group-id,network-members-security-group-id],assignPublicIp=DISABLED}"
    )
    known = boto3.client("ecs", region_name="ap-northeast-1").meta.service_model.operation_model("RunTask").input_shape.members
    for option in set(options) - {"--region"}:
        first, *rest = option.removeprefix("--").split("-")
        assert first + "".join(word.capitalize() for word in rest) in known, option


def test_a_migration_is_the_owner_and_other_jobs_are_not() -> None:
    tasks = record(main, config("aws", "dev")).of_type(":TaskDefinition")
    passwords = {}
    for job in ("migrate", "load"):
        (container,) = json.loads(tasks[f"job-{job}-task"].inputs["containerDefinitions"])
        passwords[job] = {item["name"]: item["valueFrom"] for item in container["secrets"]}["DB_PASSWORD"]
    assert passwords["migrate"] != passwords["load"]
