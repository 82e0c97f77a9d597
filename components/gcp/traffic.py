"""Which revision gets the requests: the three states of a rollout as Cloud Run takes them. A pure function."""

from __future__ import annotations

from typing import Any

from components.settings.workload import Traffic

LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
REVISION = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
CANDIDATE = "candidate"
"""Tag of the new revision in a canary: a URL of its own, to try it before and beside its share."""


def targets(traffic: Traffic) -> list[dict[str, Any]]:
    """The targets of *traffic*; their shares always make 100.

    ``latest``: all to the newest revision that is ready. ``canary``: ``percent`` of them, the rest to ``stable_revision``.
    ``pinned``: all to ``stable_revision``, whatever else is deployed. The first deployment has no stable revision to name, so it
    is ``latest``.
    """
    match traffic.mode:
        case "canary":
            return [
                {"type": REVISION, "revision": traffic.stable_revision, "percent": 100 - traffic.percent},
                {"type": LATEST, "percent": traffic.percent, "tag": CANDIDATE},
            ]
        case "pinned":
            return [{"type": REVISION, "revision": traffic.stable_revision, "percent": 100}]
        case "latest":
            return [{"type": LATEST, "percent": 100}]
