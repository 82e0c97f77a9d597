"""What Cloud Monitoring knows of the servers and of the stack's alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from operations.cloud.gcp.calls import Api, GcpRefused
from operations.cloud.gcp.marks import label

LAG = "cloudsql.googleapis.com/database/replication/replica_lag"
LOOK_BACK = timedelta(minutes=10)
"""Cloud SQL sends its metrics each minute, some minutes late."""


def lags(project: str, names: Sequence[str]) -> dict[str, float]:
    """Seconds behind the writer by replica, of those that Monitoring knows; a negative number where it no longer follows.

    Nothing where Monitoring does not answer: a promotion must not depend on it.
    """
    if not names:
        return {}
    now = datetime.now(UTC)
    servers = " OR ".join(f'resource.labels.database_id = "{project}:{name}"' for name in names)
    try:
        series = Api("monitoring").pages(
            "read the replicas' lag",
            f"v3/projects/{project}/timeSeries",
            "timeSeries",
            right="monitoring.timeSeries.list",
            query={
                "filter": f'metric.type = "{LAG}" AND ({servers})',
                "interval.startTime": _zulu(now - LOOK_BACK),
                "interval.endTime": _zulu(now),
            },
        )
    except GcpRefused:
        return {}
    found = {}
    for one in (one for one in series if one.get("points")):
        name, values = str(one["resource"]["labels"]["database_id"]).partition(":")[2], one["points"][0]["value"]
        found[name] = float(values.get("doubleValue", values.get("int64Value", 0)))
    return found


def firing(handles: Mapping[str, Any]) -> list[str]:
    """A line for each incident of the stack's alert policies that is open now."""
    project, begin = handles["project"], f"{handles['prefix']}-"
    alerts = Api("monitoring").pages(
        "list the alerts that fire",
        f"v3/projects/{project}/alerts",
        "alerts",
        right="monitoring.alerts.list",
        query={"filter": 'state = "OPEN"'},
    )
    stack = {"app": label(handles["app"]), "environment": label(handles["environment"])}
    mine = [
        alert
        for alert in alerts
        if alert["state"] == "OPEN" and stack.items() <= alert.get("policy", {}).get("userLabels", {}).items()
    ]
    return [_line(alert, begin) for alert in sorted(mine, key=lambda alert: str(alert["policy"]["displayName"]))]


def _line(alert: Mapping[str, Any], begin: str) -> str:
    policy, labels = alert["policy"], alert.get("resource", {}).get("labels", {})
    about = ", ".join(
        str(value) for key, value in sorted(labels.items()) if key.endswith(("_id", "_name")) and key != "project_id"
    )
    name = str(policy["displayName"]).removeprefix(begin)
    severity = f" ({policy['severity'].lower()})" if policy.get("severity") else ""
    since = datetime.fromisoformat(alert["openTime"]).astimezone(UTC)
    return f"{name}{severity} since {since:%Y-%m-%d %H:%M} UTC" + (f": {about}" if about else "")


def _zulu(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
