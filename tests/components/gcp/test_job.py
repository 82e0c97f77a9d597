"""Jobs: run at deployment, on a schedule, or by hand."""

from __future__ import annotations

import asyncio
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import digest as digests
from components.gcp.job import LONGEST_NAME, TOKEN_LENGTH, execution_token
from components.names import Scope
from components.settings.workload import JobSettings
from tests.components.gcp.containers import container_of, containers, job
from tests.components.gcp.stack import gcp_stack

MIGRATE = {"image": "operations:1", "when": "deploy", "watch": ("migrations",), "cpu": 1.0, "log_retention_days": 7}


def settings(**change: object) -> JobSettings:
    return JobSettings.model_validate({**MIGRATE, **change})


def token(change: dict[str, object] | None = None, **environment: str | None) -> str:
    """Of a job with *change* that gets *environment*."""

    async def known() -> str:
        return str(await execution_token(settings(**(change or {})), environment).future())  # type: ignore[arg-type]

    return asyncio.run(known())


def migrations_token(**change: Any) -> str:
    """Of the job that migrates, in the whole program."""
    return str(gcp_stack(**change).of_type("cloudrunv2/job:Job")["job-migrate-job"].inputs["runExecutionToken"])


def test_gcp_complaint_24_a_deploy_job_runs_to_its_end_before_the_services() -> None:
    """``run_execution_token`` waits for the end; ``start_execution_token`` only for the start."""
    found = job("migrate").inputs
    assert found["runExecutionToken"] == token(DB_HOST="10.0.0.3")
    assert len(found["runExecutionToken"]) == TOKEN_LENGTH
    assert "startExecutionToken" not in found
    assert found["template"]["template"]["maxRetries"] == 0, "a migration that failed half-way is not for a machine to repeat"
    assert found["deletionProtection"] is False


def test_gcp_complaint_24_the_token_is_never_ignored_and_only_a_deploy_job_has_one() -> None:
    assert job("migrate").options.ignore_changes == ["client", "clientVersion"], "an ignored token would never run again"
    for name in ("report", "load"):
        assert "runExecutionToken" not in job(name).inputs
        assert "startExecutionToken" not in job(name).inputs


def test_gcp_complaint_24_a_failed_run_is_not_done_at_the_next_up() -> None:
    checks = containers().of_type("gcp:ExecutionCheck")
    assert set(checks) == {"job-migrate-execution"}
    looked = checks["job-migrate-execution"].inputs
    assert looked["job"] == "job-migrate-job-id"
    assert looked["token"] == job("migrate").inputs["runExecutionToken"]


def test_gcp_complaint_24_a_deploy_job_has_no_schedule() -> None:
    assert set(containers().of_type("cloudscheduler/job:Job")) == {"job-report-schedule"}


@pytest.mark.parametrize(
    "change",
    [
        {"image": "operations:2"},
        {"command": ("python", "-m", "operations", "migrate", "up")},
        {"environment": {"RERUN": "2"}},
        {"secrets": {"TOKEN": "token:2"}},
        {"watch": ("runtime",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_runs_a_deploy_job_again(change: dict[str, object]) -> None:
    assert token(change) != token()


def test_what_does_not_run_it_again() -> None:
    assert token({"cpu": 2.0, "timeout_seconds": 60, "log_retention_days": 30}) == token()


def test_gcp_complaint_24_another_database_is_migrated_too() -> None:
    """It has no schema, however little the job itself changed."""
    places = [{}, *({name: value} for name in ("DB_NAME", "DB_HOST", "DB_PORT") for value in ("1", "2"))]
    assert len({token(**place) for place in places}) == len(places)
    assert migrations_token(database={"name": "other"}) != migrations_token()


def test_a_new_password_is_no_new_database() -> None:
    assert token(DB_USER="a", DB_SECRET_ID="1") == token(DB_USER="b", DB_SECRET_ID="2")
    assert migrations_token(database={"password_version": 2}) == migrations_token()
    assert migrations_token(database={"readers": 2}) == migrations_token()


def test_a_place_that_a_mock_does_not_know_is_borne() -> None:
    assert token(DB_HOST=None) == token()


def test_a_new_migration_runs_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "ROOT", tmp_path)
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "001.sql").write_text("select 1;")
    before = token()
    assert token() == before
    (folder / "002.sql").write_text("select 2;")
    assert token() != before


@given(st.from_regex(r"[a-z](-?[a-z0-9]){0,29}", fullmatch=True), st.from_regex(r"[a-z](-?[a-z0-9]){0,29}", fullmatch=True))
def test_name_and_token_are_below_63_characters(app: str, name: str) -> None:
    scope = Scope(app=app, environment="production", tier="prod", stack="s")
    assert len(scope.physical(name, "job", limit=LONGEST_NAME)) + TOKEN_LENGTH < 63


def test_pulumi_waits_as_long_as_the_job_may_take() -> None:
    short, long = job("migrate"), job("migrate", jobs={"migrate": {"timeout_seconds": 7200}})
    assert short.options.custom_timeouts.create == "26m"  # type: ignore[union-attr]
    assert long.options.custom_timeouts.update == "131m"  # type: ignore[union-attr]
    assert long.inputs["template"]["template"]["timeout"] == "7200s"
    assert job().options.custom_timeouts is None, "nothing is run"


def test_one_container_once() -> None:
    for name in ("migrate", "report", "load"):
        template = job(name).inputs["template"]
        assert (template["taskCount"], template["parallelism"], template["template"]["maxRetries"]) == (1, 1, 0)


def test_a_job_neither_listens_nor_is_checked() -> None:
    assert not {"ports", "startupProbe", "livenessProbe"} & set(container_of(job()))
    assert set(container_of(job())["resources"]) == {"limits"}


def test_the_command_is_one_that_gcloud_takes() -> None:
    assert shlex.split(containers().outputs["jobs"]["load"]) == [
        *("gcloud", "run", "jobs", "execute", "shop-dev-load-job"),
        *("--region", "asia-northeast1", "--project", "network-api-serviceusage.project", "--wait"),
    ]


def test_a_migration_is_the_owner_and_other_jobs_are_not() -> None:
    assert container_of(job("migrate"))["envs"]["DB_USER"] == "owner"
    assert container_of(job("load"))["envs"]["DB_USER"] == "application"


def test_images_are_checked_by_choice() -> None:
    assert "binaryAuthorization" not in job().inputs
    assert job(jobs={"load": {"binary_authorization": True}}).inputs["binaryAuthorization"] == {"useDefault": True}


def test_logs_are_kept_as_long_as_the_settings_say() -> None:
    assert containers().of_type(":ProjectBucketConfig")["job-load-job-logs"].inputs["retentionDays"] == 7
    sink = containers().of_type(":ProjectSink")["job-load-job-logs-sink"].inputs
    assert sink["filter"] == 'resource.type="cloud_run_job" AND resource.labels.job_name="shop-dev-load-job"'
