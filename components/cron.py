"""Unix cron in a time zone: what no cloud says differently. A pure function."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise
from math import ceil
from zoneinfo import ZoneInfo

from cronsim import CronSim

RUNS = 400
"""More than a year of daily runs, so that the day of 25 hours is among them."""


def longest_pause_hours(unix: str, timezone: str) -> int:
    """The most hours between two runs of *unix*, rounded up. It does not depend on today's date."""
    start = datetime(2026, 1, 1, tzinfo=ZoneInfo(timezone))
    runs = list(islice(CronSim(unix, start), RUNS))
    pauses = [after - before for before, after in pairwise(run.astimezone(UTC) for run in runs)]
    return ceil(max(pauses).total_seconds() / 3600)
