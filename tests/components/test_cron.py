"""Pauses between the runs of a schedule."""

from __future__ import annotations

import pytest

from components.cron import longest_pause_hours


@pytest.mark.parametrize(
    ("unix", "timezone", "hours"),
    [
        ("0 3 * * *", "Asia/Tokyo", 24),
        ("0 3 * * *", "Europe/Berlin", 25),
        ("0 */6 * * *", "Asia/Tokyo", 6),
        ("30 2 * * 1-5", "Asia/Tokyo", 72),
        ("0 5 1 * *", "Asia/Tokyo", 31 * 24),
        ("0 0 31 * *", "Asia/Tokyo", 61 * 24),
    ],
)
def test_the_longest_pause_of_a_schedule(unix: str, timezone: str, hours: int) -> None:
    assert longest_pause_hours(unix, timezone) == hours
