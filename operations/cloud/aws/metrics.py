"""What CloudWatch knows of the servers and of the stack's alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from operations.cloud.aws.calls import AwsRefused, client, doing, everything

LOOK_BACK = timedelta(minutes=10)
"""RDS sends its metrics each minute, some minutes late."""


def latest(region: str, metric: str, names: Sequence[str]) -> dict[str, float]:
    """The newest value of *metric* of each server of *names* that has one; nothing where CloudWatch does not answer: a failover
    must not depend on it."""
    if not names:
        return {}
    now = datetime.now(UTC)
    queries = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/RDS",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": name}],
                },
                "Period": 60,
                "Stat": "Maximum",
            },
        }
        for number, name in enumerate(names)
    ]
    try:
        with doing(f"read the metric {metric}", right="cloudwatch:GetMetricData"):
            answer = client("cloudwatch", region).get_metric_data(
                MetricDataQueries=queries, StartTime=now - LOOK_BACK, EndTime=now, ScanBy="TimestampDescending"
            )
    except AwsRefused:
        return {}
    values = {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}
    return {name: float(values[f"m{number}"][0]) for number, name in enumerate(names) if values.get(f"m{number}")}


def firing(handles: Mapping[str, Any]) -> list[str]:
    """A line for each alarm of the stack that fires now."""
    watch, begin = client("cloudwatch", handles["region"]), f"{handles['prefix']}-"
    with doing("list the alarms that fire", right="cloudwatch:DescribeAlarms, cloudwatch:ListTagsForResource"):
        alarms = everything(watch, "describe_alarms", AlarmNamePrefix=begin, StateValue="ALARM")
        found = [alarm for alarm in alarms if alarm["StateValue"] == "ALARM" and _of_stack(watch, alarm, handles)]
    return [_line(alarm, begin) for alarm in sorted(found, key=lambda alarm: str(alarm["AlarmName"]))]


def _of_stack(watch: Any, alarm: Mapping[str, Any], handles: Mapping[str, Any]) -> bool:
    """``shop-dev-`` begins the names of ``shop-dev-2-…`` too, which is another stack's."""
    tags = {tag["Key"]: tag["Value"] for tag in watch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]}
    return bool(tags.get("app") == handles["app"] and tags.get("environment") == handles["environment"])


def _line(alarm: Mapping[str, Any], begin: str) -> str:
    since = alarm.get("StateTransitionedTimestamp") or alarm["StateUpdatedTimestamp"]
    meaning = str(alarm.get("AlarmDescription") or alarm.get("StateReason") or "").strip()
    name = str(alarm["AlarmName"]).removeprefix(begin)
    return f"{name} since {since.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {meaning}"
