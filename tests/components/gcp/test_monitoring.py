"""Who is told what: channels, the dashboard, looks from outside, and that everything of a stack is watched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from components.gcp.conditions import Query
from components.gcp.dashboard import COLUMNS, Graph, dashboard_json, listed
from tests.components.gcp.stack import gcp_stack
from tests.recorder import Recording, main, record

ALERTS = "gcp:monitoring/alertPolicy:AlertPolicy"


def alerts(recording: Recording) -> dict[str, dict[str, Any]]:
    return {item.name: item.inputs for item in recording.resources.values() if item.type == ALERTS}


def channels(recording: Recording) -> dict[str, dict[str, Any]]:
    return {name: channel.inputs for name, channel in recording.of_type(":NotificationChannel").items()}


def dashboard(recording: Recording) -> dict[str, Any]:
    (found,) = recording.of_type("monitoring/dashboard:Dashboard").values()
    parsed: dict[str, Any] = json.loads(found.inputs["dashboardJson"])
    return parsed


def test_every_address_has_a_channel_and_one_more_changes_no_other() -> None:
    one = channels(gcp_stack())
    two = channels(gcp_stack(alarms={"emails": ["another@example.com", "ops@example.com"]}))
    assert [channel["labels"]["email_address"] for channel in two.values()] == ["another@example.com", "ops@example.com"]
    assert set(one) < set(two)
    assert {channel["type"] for channel in two.values()} == {"email"}


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_every_alert_is_heard_by_everybody_also_those_of_later_components(tier: str) -> None:
    recording = gcp_stack(tier)
    heard = [f"{name}.name" for name in channels(recording)]
    assert heard
    found = alerts(recording)
    assert {name.partition("-")[0] for name in found} == {"monitoring", "backups", "database"}
    for name, alert in found.items():
        assert alert["notificationChannels"] == heard, name
        assert alert["displayName"].endswith(name)


def test_nobody_to_tell_is_no_reason_not_to_watch() -> None:
    recording = gcp_stack(alarms={"emails": []})
    assert not channels(recording)
    assert set(alerts(recording)) == set(alerts(gcp_stack()))


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_everything_that_the_issue_names_is_watched(tier: str) -> None:
    watched = {name.removeprefix("monitoring-") for name in alerts(gcp_stack(tier))}
    database = {"down", "cpu", "memory", "storage", "storage-limit", "connections", "transaction-ids", "backup-missing"}
    services = {f"{name}-{what}" for name in ("api", "web", "worker") for what in ("5xx", "latency", "revision", "no-instance")}
    jobs = {f"job-{name}-failed" for name in ("migrate", "report", "load")}
    others = {"cache-memory", "schedules", "api.example.com-unreachable", "www.example.com-unreachable"}
    assert database | services | jobs | others <= watched
    assert ("replica-lag" in watched) is (tier == "prod")
    assert {"backups-missing", "backups-create-failed", "backups-drill-failed"} <= watched


def test_alerts_look_at_what_the_stack_has() -> None:
    """A name that nothing has would be an alert that never fires."""
    recording = gcp_stack("prod")
    text = json.dumps([alerts(recording), {name: metric.inputs for name, metric in recording.of_type(":Metric").items()}])
    services = set(re.findall(r'service_name *= *\\+"([^"\\]+)', text))
    jobs = set(re.findall(r'job_name *= *~?\\+"([^"\\]+)', text))
    assert services == {item.inputs["name"] for item in recording.of_type("cloudrunv2/service:Service").values()}
    assert jobs == {item.inputs["name"] for item in recording.of_type("cloudrunv2/job:Job").values()}
    servers = set(re.findall(r"[a-z-]+[.]project:(shop-[a-z0-9-]+)", text))
    assert servers == {item.inputs["name"] for item in recording.of_type(":DatabaseInstance").values()}


def test_connections_are_of_the_machine_that_runs() -> None:
    small, large = (alerts(gcp_stack(tier))["monitoring-connections"]["conditions"][0] for tier in ("dev", "prod"))
    assert small["conditionThreshold"]["thresholdValue"] == 20, "80 % of the 25 that db-f1-micro takes"
    assert large["conditionThreshold"]["thresholdValue"] == 320, "80 % of the 400 that 8 GB take"


@pytest.mark.parametrize(("engine", "resource"), [("redis", "redis_instance"), ("valkey", "memorystore.googleapis.com/Instance")])
def test_each_kind_of_cache_has_its_own_metric(engine: str, resource: str) -> None:
    version = {"redis": "7.2", "valkey": "8.0"}[engine]
    found = alerts(gcp_stack(cache={"engine": engine, "version": version}))["monitoring-cache-memory"]
    condition = found["conditions"][0]["conditionThreshold"]
    assert f'resource.type = "{resource}"' in condition["filter"]
    assert condition["filter"].endswith('resource.labels.instance_id = ends_with("shop-dev-cache")')
    assert condition["thresholdValue"] == 0.9


def test_domains_are_looked_at_from_outside_over_tls() -> None:
    checks = {name: check.inputs for name, check in gcp_stack().of_type(":UptimeCheckConfig").items()}
    assert set(checks) == {"monitoring-api.example.com", "monitoring-www.example.com"}, "not the internal service"
    check = checks["monitoring-api.example.com"]
    assert check["monitoredResource"]["labels"]["host"] == "api.example.com"
    assert (check["httpCheck"]["useSsl"], check["httpCheck"]["validateSsl"]) == (True, True)
    assert check["period"] in ("60s", "300s", "600s", "900s")
    alert = alerts(gcp_stack())["monitoring-api.example.com-unreachable"]["conditions"][0]["conditionThreshold"]
    assert 'metric.labels.check_id = "monitoring-api.example.com.uptime_check_id"' in alert["filter"]


def test_a_service_that_may_sleep_is_not_kept_awake() -> None:
    recording = gcp_stack(services={"api": {"scaling": {"min": 0}}})
    assert set(recording.of_type(":UptimeCheckConfig")) == {"monitoring-www.example.com"}


def test_the_dashboard_shows_every_alert_of_the_stack_and_more() -> None:
    recording = gcp_stack()
    tiles = dashboard(recording)["mosaicLayout"]["tiles"]
    names = tiles[0]["widget"]["incidentList"]["policyNames"]
    shown = {name.removeprefix("alertPolicies/").removesuffix(".name") for name in names}
    assert shown == {name for name in alerts(recording) if name.startswith("monitoring-")}
    titles = {tile["widget"]["title"] for tile in tiles[1:]}
    assert {name.removeprefix("monitoring-") for name in shown} < titles
    assert {"Requests in five minutes", "Time to answer (ms, p95)", "Database transactions"} < titles
    assert dashboard(recording)["displayName"] == "shop-dev"


def test_incidents_are_listed_by_policies_without_their_project() -> None:
    assert listed("projects/p/alertPolicies/123") == "alertPolicies/123"


def test_an_alerts_graph_has_its_threshold() -> None:
    tiles = {tile["widget"]["title"]: tile["widget"] for tile in dashboard(gcp_stack())["mosaicLayout"]["tiles"]}
    chart = tiles["cpu"]["xyChart"]
    assert chart["thresholds"] == [{"value": 0.8}]
    query = chart["dataSets"][0]["timeSeriesQuery"]["timeSeriesFilter"]
    assert query["aggregation"]["perSeriesAligner"] == "ALIGN_MEAN"
    assert set(tiles["api-5xx"]["xyChart"]["dataSets"][0]["timeSeriesQuery"]) == {"timeSeriesFilterRatio"}
    assert set(tiles["storage"]["xyChart"]["dataSets"][0]["timeSeriesQuery"]) == {"prometheusQuery"}


def test_the_dashboard_says_no_zero_that_google_would_leave_out() -> None:
    """The provider compares what Google gives back with what we said: a zero would be a change for ever."""

    def zeros(value: Any) -> Iterator[Any]:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, item in items:
            if item in (0, [], {}, "", None):
                yield key
            yield from zeros(item)

    assert not list(zeros(dashboard(gcp_stack("prod"))))


def test_tiles_do_not_overlap_and_fit() -> None:
    graphs = [Graph(title=str(number), lines=[Query(text="up", value=1)]) for number in range(8)]
    tiles = dashboard_json("title", ["a"], graphs)["mosaicLayout"]["tiles"]
    cells = [
        (x, y)
        for tile in tiles
        for x in range(tile.get("xPos", 0), tile.get("xPos", 0) + tile["width"])
        for y in range(tile.get("yPos", 0), tile.get("yPos", 0) + tile["height"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == COLUMNS - 1


def test_the_outputs_say_thresholds_and_where_the_logs_are() -> None:
    outputs = gcp_stack("prod").outputs
    assert outputs["alarms"]["cpu"] == 0.8
    assert outputs["alarms"]["replica-lag"] == 5
    address = unquote(outputs["logs"])
    assert address.startswith("https://console.cloud.google.com/logs/query;query=resource.labels.service_name")
    assert 'resource.labels.database_id=~"(^|:)shop-production-"' in address
    assert address.endswith("?project=network-api-serviceusage.project")


def test_a_stack_of_a_database_alone_is_watched_too() -> None:
    recording = record(main, {"app": "shop", "provider": "gcp", "tier": "dev", "backups": None})
    watched = {name.removeprefix("monitoring-") for name in alerts(recording)}
    assert "cpu" in watched
    assert not [name for name in watched if "5xx" in name or "cache" in name or "job" in name]
    titles = {tile["widget"]["title"] for tile in dashboard(recording)["mosaicLayout"]["tiles"]}
    assert "Requests in five minutes" not in titles
