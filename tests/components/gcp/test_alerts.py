"""What is watched, and at which number it fires."""

from __future__ import annotations

import pytest

from components.gcp.conditions import Lines
from components.gcp.workload_alerts import job_alert, missing_alert
from components.settings.platform import AlarmSettings
from tests.components.gcp.alerting import made, of_database, of_service

GIB = 1024**3


def test_gcp_complaint_28_health_alerts_of_the_database() -> None:
    """Every anchor watches backups at most: CPU, memory, disk, connections, lag and transaction ids are a gap in all of them."""
    metrics = {
        "cpu": "cpu/utilization",
        "memory": "memory/utilization",
        "storage-limit": "disk/bytes_used",
        "connections": "postgresql/num_backends",
        "transaction-ids": "postgresql/transaction_id_utilization",
        "replica-lag": "replication/replica_lag",
        "deadlocks": "postgresql/deadlock_count",
        "down": "up",
        "failover": "auto_failover_request_count",
        "standby": "available_for_failover",
    }
    alerts = of_database()
    for name, metric in metrics.items():
        start = f'metric.type = "cloudsql.googleapis.com/database/{metric}" AND resource.type = "cloudsql_database" AND '
        assert alerts[name].conditions[0]["filter"].startswith(start)
    assert set(alerts) == {*metrics, "storage", "backup-missing"}


def test_the_cpu_is_watched_for_five_minutes_on_every_server_by_itself() -> None:
    alert = of_database()["cpu"]
    condition = alert.condition
    assert (condition["thresholdValue"], condition["comparison"], condition["duration"]) == (0.8, "COMPARISON_GT", "300s")
    assert alert.aggregation["groupByFields"] == ["resource.labels.database_id"]
    assert condition["filter"].endswith('one_of("project:shop-0a1b", "project:shop-0a1b-replica-1")')


def test_connections_of_all_databases_are_held_against_what_the_server_really_takes() -> None:
    alert = of_database(connections=25)["connections"]
    assert alert.condition["thresholdValue"] == 20
    reduced = (alert.aggregation["perSeriesAligner"], alert.aggregation["crossSeriesReducer"])
    assert reduced == ("ALIGN_MAX", "REDUCE_SUM"), "there is a series for each database"
    assert "of the 25 connections" in alert.policy["documentation"]["content"]


def test_free_disk_is_what_is_left_before_it_grows() -> None:
    text = of_database()["storage"].condition["query"]
    assert text.startswith("(max by (database_id) (cloudsql_googleapis_com:database_disk_quota{")
    assert ") - max by (database_id) (cloudsql_googleapis_com:database_disk_bytes_used{" in text
    assert text.endswith(f" < {5 * GIB}")


def test_the_share_of_the_disk_is_of_what_it_may_become() -> None:
    assert of_database(max_gib=100)["storage-limit"].condition["thresholdValue"] == 85 * GIB


def test_a_stopped_replica_is_as_bad_as_a_slow_one() -> None:
    """Cloud SQL: a negative value indicates that replication is inactive."""
    alert = of_database()["replica-lag"]
    found = [(condition["comparison"], condition.get("thresholdValue", 0)) for condition in alert.conditions]
    assert found == [("COMPARISON_GT", 5), ("COMPARISON_LT", 0)]
    assert alert.policy["combiner"] == "OR"
    assert alert.conditions[0]["filter"].endswith('= "project:shop-0a1b-replica-1"')


def test_what_is_not_there_is_not_watched() -> None:
    assert not {"replica-lag", "failover", "standby"} & set(of_database(readers=0, ha=False))


def test_transaction_ids_are_the_writers() -> None:
    condition = of_database()["transaction-ids"].condition
    assert condition["thresholdValue"] == 0.5
    assert condition["filter"].endswith('= "project:shop-0a1b"')


def test_a_silent_server_is_down() -> None:
    alert = of_database()["down"]
    assert alert.condition["evaluationMissingData"] == "EVALUATION_MISSING_DATA_ACTIVE"
    assert (alert.condition["thresholdValue"], alert.condition["comparison"]) == (1, "COMPARISON_LT")
    assert alert.policy["severity"] == "CRITICAL"


def test_a_backup_that_did_not_succeed_in_a_day_is_missed() -> None:
    alert = of_database()["backup-missing"]
    assert alert.lines
    assert alert.lines["filter"] == (
        'resource.type="cloudsql_database" AND resource.labels.database_id="project:shop-0a1b"'
        ' AND log_id("cloudaudit.googleapis.com/system_event")'
        ' AND protoPayload.methodName="cloudsql.instances.automatedBackup"'
        ' AND protoPayload.metadata.windowStatus="STATUS_SUCCEEDED"'
    )
    assert alert.condition["query"].endswith("[24h])) or vector(0)) < 1")
    held = int(alert.condition["duration"].removesuffix("s"))
    assert held > 4 * 3600, "Cloud SQL begins a backup within four hours of the set time"


def test_thresholds_are_the_users() -> None:
    settings = AlarmSettings(
        cpu_percent=70,
        connections_percent=50,
        replica_lag_seconds=9,
        free_storage_gib=3,
        memory_percent=75,
        transaction_id_percent=10,
    )
    alerts = of_database(settings)
    names = ("cpu", "connections", "replica-lag", "storage", "memory", "transaction-ids")
    assert [alerts[name].alert.threshold for name in names] == [0.7, 200, 9, 3 * GIB, 0.75, 0.1]


def test_errors_of_a_service_count_as_a_share_and_as_a_number() -> None:
    alert = of_service()["api-5xx"]
    share, number = alert.conditions
    assert alert.policy["combiner"] == "AND"
    assert (share["thresholdValue"], number["thresholdValue"]) == (0.05, 10)
    assert share["filter"].endswith('= "shop-dev-api" AND metric.labels.response_code_class = "5xx"')
    assert share["denominatorFilter"].endswith('= "shop-dev-api"')
    assert share["aggregations"] == share["denominatorAggregations"]


def test_latency_is_the_95th_percentile_of_all_requests_together() -> None:
    alert = of_service()["api-latency"]
    assert '"run.googleapis.com/request_latencies"' in alert.condition["filter"]
    reduced = (alert.aggregation["perSeriesAligner"], alert.aggregation["crossSeriesReducer"])
    assert reduced == ("ALIGN_DELTA", "REDUCE_PERCENTILE_95")
    assert alert.condition["thresholdValue"] == 2000, "milliseconds"


def test_gcp_complaint_21_a_revision_that_does_not_get_ready_is_told_of() -> None:
    """latest_created_revision differs from latest_ready_revision: an error once, and the next plan is clean."""
    alert = of_service()["api-revision"]
    assert alert.lines
    assert alert.lines["filter"] == (
        'resource.type="cloud_run_revision" AND resource.labels.service_name="shop-dev-api"'
        ' AND protoPayload.status.message:"Ready condition status changed to False for Revision"'
    )
    assert "latest one created is not the latest one ready" in alert.policy["documentation"]["content"]


def test_gcp_complaint_29_autoscaling_that_cannot_follow_is_told_of() -> None:
    alert = of_service()["api-no-instance"]
    assert alert.lines
    assert alert.lines["filter"].endswith(
        'service_name="shop-dev-api" AND log_id("run.googleapis.com/requests") AND textPayload:"no available instance"'
    )
    assert "scaling.max" in alert.policy["documentation"]["content"]


def test_log_based_metrics_may_be_ten_minutes_late_and_are_seen_for_a_day() -> None:
    every = [*of_database().values(), *of_service().values()]
    lines = [condition for made in every for condition in made.alert.conditions if isinstance(condition, Lines)]
    assert {line.window for line in lines} == {"24h", "1h", "30m"}


def test_a_failed_run_of_a_job_is_told_of_at_once() -> None:
    alert = made(lambda: [job_alert("job-report-failed", "shop-dev-report", job="report")])["job-report-failed"]
    assert (alert.condition["thresholdValue"], alert.condition["duration"]) == (0, "0s")
    assert alert.condition["filter"] == (
        'metric.type = "run.googleapis.com/job/completed_execution_count" AND resource.type = "cloud_run_job"'
        ' AND resource.labels.job_name = "shop-dev-report" AND metric.labels.result = "failed"'
    )


@pytest.mark.parametrize(("pause", "hours"), [(24, 26), (168, 170)])
def test_a_missing_backup_is_noticed_after_the_schedules_pause_and_some_grace(pause: int, hours: int) -> None:
    alert = made(lambda: [missing_alert("shop-dev-backups-create", pause_hours=pause, grace_hours=2)])["missing"]
    ending = f'job_name=~"shop-dev-backups-create",result=~"succeeded"}}[{pause}h])) or vector(0)) < 1'
    assert alert.condition["query"].endswith(ending)
    assert alert.condition["duration"] == "7200s"
    assert f"{hours} hours" in alert.policy["documentation"]["content"]


def test_only_this_stacks_schedules_are_watched() -> None:
    alert = of_service()["schedules"]
    assert alert.lines
    assert alert.lines["filter"].endswith('severity>=ERROR AND resource.labels.job_id=~"^shop-dev-"')


def test_every_alert_says_what_to_do_and_keeps_googles_limits() -> None:
    for found in (*of_database(readers=15).values(), *of_service().values()):
        assert found.policy["documentation"]["content"].endswith("."), found.alert.name
        assert 1800 <= found.alert.closes_seconds <= 7 * 24 * 3600, "what Google takes as auto_close"
        assert len(found.policy["conditions"]) <= 6
        for condition in found.conditions:
            assert condition.get("comparison") in (None, "COMPARISON_GT", "COMPARISON_LT"), "thresholds know no others"
            assert len(condition.get("filter", "")) < 2048
        if found.lines:
            assert len(found.lines["name"]) <= 100
