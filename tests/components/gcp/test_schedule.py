"""Schedules: Cloud Scheduler starts a job, as an account that may do this and nothing else."""

from __future__ import annotations

from tests.components.gcp.containers import containers, job, needs
from tests.recorder import email_of, member_of


def test_unix_cron_in_its_time_zone() -> None:
    found = containers().of_type("cloudscheduler/job:Job")["job-report-schedule"].inputs
    assert (found["schedule"], found["timeZone"]) == ("0 1 * * *", "Asia/Tokyo")
    assert found["region"] == "asia-northeast1"
    assert found["name"] == "shop-dev-job-report-schedule"


def test_it_starts_the_job_over_cloud_runs_api() -> None:
    target = containers().of_type("cloudscheduler/job:Job")["job-report-schedule"].inputs["httpTarget"]
    assert target["uri"] == "https://run.googleapis.com/v2/job-report-job-id:run"
    assert target["httpMethod"] == "POST"
    assert target["oauthToken"] == {
        "serviceAccountEmail": email_of("job-report-schedule-starter"),
        "scope": "https://www.googleapis.com/auth/cloud-platform",
    }
    assert "oidcToken" not in target, "one of the two (the provider's own check)"


def test_least_rights_of_who_starts_it() -> None:
    rights = containers().of_type(":JobIamMember")
    assert set(rights) == {"job-report-schedule-starts-job"}
    right = rights["job-report-schedule-starts-job"].inputs
    assert right["role"] == "roles/run.invoker"
    assert right["name"] == "shop-dev-report-job"
    assert right["member"] == member_of("job-report-schedule-starter")
    granted = [
        found.name
        for found in containers().resources.values()
        if found.type.endswith("IamMember") and found.inputs.get("member") == right["member"]
    ]
    assert granted == ["job-report-schedule-starts-job"]
    schedule = containers().of_type("cloudscheduler/job:Job")["job-report-schedule"]
    assert "job-report-schedule-starts-job" in needs(schedule)


def test_the_starter_is_not_the_job() -> None:
    """The job's own account reads secrets; who starts it need not."""
    assert job("report").inputs["template"]["template"]["serviceAccount"] == email_of("job-report-identity")
    ids = {name: item.inputs["accountId"] for name, item in containers().of_type(":Account").items()}
    assert ids["job-report-identity"] != ids["job-report-schedule-starter"]
    assert all(6 <= len(value) <= 30 for value in ids.values())


def test_a_job_may_be_called_like_the_schedule_of_another() -> None:
    made = containers(jobs={"report-schedule": {"image": "api:1", "when": "schedule", "schedule": "0 2 * * *"}})
    assert made.duplicates == []
    ids = [item.inputs["accountId"] for item in made.of_type(":Account").values()]
    assert len(ids) == len({*ids})


def test_only_starting_is_tried_again() -> None:
    found = containers().of_type("cloudscheduler/job:Job")["job-report-schedule"].inputs
    assert found["retryConfig"]["retryCount"] == 3
    assert found["attemptDeadline"] == "180s"
    assert job("report").inputs["template"]["template"]["maxRetries"] == 0
