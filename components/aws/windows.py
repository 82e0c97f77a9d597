"""Weekly windows as AWS writes them."""

from __future__ import annotations

from components.settings.database import MaintenanceSettings
from components.settings.model import minutes_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 1440


def weekly(maintenance: MaintenanceSettings, *, days_before: int = 0) -> str:
    """The window as ``sun:18:30-sun:19:30``, in UTC; one that ends after midnight ends on the next day.

    *days_before* moves it that many days ahead.
    """
    start, end = minutes_of(maintenance.window)
    first = (DAYS.index(maintenance.day) - days_before) * DAY
    return f"{_moment(first + start)}-{_moment(first + end)}"


def _moment(minutes: int) -> str:
    days, rest = divmod(minutes, DAY)
    return f"{DAYS[days % 7]}:{rest // 60:02}:{rest % 60:02}"
