"""Who is told what: the topic, events beside metrics, the dashboard, and that everything of a stack is watched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.aws.dashboard import Graph, dashboard_body
from tests.components.aws.stack import aws_stack
from tests.recorder import Recording

RDS: dict[str, Any] = {
    "database": {"backend": "rds", "readers": 1},
    "alarms": {"emails": ["another@example.com", "ops@example.com"]},
}
SERVERLESS: dict[str, Any] = {
    "database": {"serverless": {}, "pooling": {}},
    "services": {name: {"public": False, "domain": None} for name in ("api", "web")},
}


def alarms(recording: Recording) -> dict[str, dict[str, Any]]:
    return {name: alarm.inputs for name, alarm in recording.of_type(":MetricAlarm").items()}


def test_the_topic_is_encrypted_with_our_key() -> None:
    (topic,) = aws_stack().of_type(":sns/topic:Topic").values()
    assert topic.inputs["name"] == "shop-dev-alarms", "what components made earlier call it"
    assert topic.inputs["kmsMasterKeyId"].endswith("network-key")


def test_only_aws_services_publish_and_only_over_tls() -> None:
    (policy,) = aws_stack().of_type(":TopicPolicy").values()
    statements = json.loads(policy.inputs["policy"])["Statement"]
    allowed = {statement["Principal"]["Service"] for statement in statements if statement["Effect"] == "Allow"}
    assert allowed == {"cloudwatch.amazonaws.com", "events.amazonaws.com", "events.rds.amazonaws.com"}
    denied = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_every_address_gets_the_mails_and_one_more_changes_no_other() -> None:
    one, two = aws_stack().of_type(":TopicSubscription"), aws_stack(**RDS).of_type(":TopicSubscription")
    assert [subscription.inputs["endpoint"] for subscription in two.values()] == ["another@example.com", "ops@example.com"]
    assert set(one) < set(two)


def test_every_alarm_is_heard() -> None:
    for name, alarm in alarms(aws_stack()).items():
        for actions in (alarm["alarmActions"], alarm["okActions"]):
            assert [str(action).endswith(("monitoring-topic", ":shop-dev-alarms")) for action in actions] == [True], name
        assert alarm["alarmDescription"].endswith("."), f"{name} says what to do"


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_everything_that_the_issue_names_is_watched(tier: str) -> None:
    watched = {name.removeprefix("monitoring-") for name in alarms(aws_stack(tier))}
    database = {"writer-cpu", "connections", "replica-lag", "memory", "local-storage", "deadlocks", "transaction-ids"}
    services = {"load-balancer-5xx", "api-5xx", "api-unhealthy", "web-5xx", "api-running", "web-running", "worker-running"}
    assert database | services | {"cache-memory-1"} <= watched


def test_rds_serverless_and_proxy_have_their_own() -> None:
    rds, serverless = alarms(aws_stack(**RDS)), alarms(aws_stack(**SERVERLESS))
    assert rds["monitoring-storage-1"]["metricName"] == "FreeStorageSpace"
    assert rds["monitoring-replica-lag-2"]["metricName"] == "ReplicaLag"
    assert serverless["monitoring-capacity"]["metricName"] == "ACUUtilization"
    assert serverless["monitoring-proxy-borrow-latency"]["dimensions"] == {"ProxyName": "shop-dev-proxy"}


def test_connections_are_of_the_class_that_runs() -> None:
    dev, prod = (alarms(aws_stack(tier))["monitoring-connections"] for tier in ("dev", "prod"))
    assert dev["threshold"] == 331, "80 % of 414, what db.t4g.medium really takes"
    assert prod["threshold"] == 1326, "80 % of 1658 for db.r6g.large"


def test_deadlocks_come_from_the_databases_own_log() -> None:
    recording = aws_stack()
    lines = recording.of_type(":LogMetricFilter")["monitoring-deadlocks-lines"]
    groups = {group.inputs["name"] for group in recording.of_type(":LogGroup").values()}
    assert lines.inputs["logGroupName"] == "/aws/rds/cluster/shop-dev/postgresql"
    assert lines.inputs["logGroupName"] in groups


def test_a_failed_job_is_told_and_a_stopped_container_of_a_service_is_not() -> None:
    recording = aws_stack()
    rule = recording.of_type(":EventRule")["monitoring-failed-jobs"].inputs
    detail = json.loads(rule["eventPattern"])["detail"]
    assert detail["lastStatus"] == ["STOPPED"]
    assert detail["group"] == [{"prefix": "family:"}], "tasks of services are of group service:"
    assert detail["clusterArn"][0].endswith("network-cluster")
    assert {"containers": {"exitCode": [{"anything-but": [0]}]}} in detail["$or"]
    assert {"stopCode": ["TaskFailedToStart"]} in detail["$or"]
    target = recording.of_type(":EventTarget")["monitoring-failed-jobs-target"].inputs
    assert "monitoring-topic" in target["arn"]
    assert "roleArn" not in target, "delivery to SNS is by the topic's policy"
    assert json.loads(target["inputTransformer"]["inputTemplate"]).startswith("Job <job> of shop-dev failed: <reason>")


def test_rds_tells_of_failovers_failures_and_low_storage() -> None:
    found = {name: item.inputs for name, item in aws_stack("prod").of_type(":EventSubscription").items()}
    instances, cluster = found["monitoring-instance-events"], found["monitoring-cluster-events"]
    assert {"failover", "failure", "low storage", "maintenance"} <= set(instances["eventCategories"])
    assert instances["sourceIds"] == ["shop-production-1", "shop-production-2"]
    assert {"failover", "failure", "maintenance"} <= set(cluster["eventCategories"])
    assert cluster["sourceIds"] == ["shop-production"]
    assert set(aws_stack(**RDS).of_type(":EventSubscription")) == {"monitoring-instance-events"}


def test_the_dashboard_shows_every_alarm() -> None:
    recording = aws_stack()
    (dashboard,) = recording.of_type(":Dashboard").values()
    widgets = json.loads(dashboard.inputs["dashboardBody"])["widgets"]
    shown = set(widgets[0]["properties"]["alarms"])
    assert widgets[0]["type"] == "alarm"
    assert len(shown) == len([name for name in alarms(recording) if name.startswith("monitoring-")])
    titles = [widget["properties"]["title"] for widget in widgets]
    assert {"Requests", "Database latency (s)", "Service CPU (%)", "writer-cpu"} <= set(titles)


def test_widgets_do_not_overlap_and_fit() -> None:
    graphs = [Graph(title=str(number), metrics=[("AWS/RDS", "ReadLatency", "DBInstanceIdentifier", "a")]) for number in range(9)]
    widgets = dashboard_body("ap-northeast-1", {"a": "arn:a", "b": "arn:b"}, graphs)["widgets"]
    cells = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23


def test_the_outputs_say_thresholds_and_where_the_logs_are() -> None:
    outputs = aws_stack("prod").outputs
    assert outputs["alarms"]["writer-cpu"] == 80
    assert outputs["alarms"]["replica-lag"] == 5000
    assert outputs["logs"].startswith("https://ap-northeast-1.console.aws.amazon.com/cloudwatch/")
    assert outputs["logs"].endswith("shop-production")


def test_a_stack_without_public_services_has_no_alarms_of_a_load_balancer() -> None:
    recording = aws_stack(**SERVERLESS)
    assert not [name for name in alarms(recording) if "5xx" in name or "unhealthy" in name]
    (dashboard,) = recording.of_type(":Dashboard").values()
    assert "RequestCount" not in dashboard.inputs["dashboardBody"]
