"""Unix cron as EventBridge writes it: a pure function. The settings' rules use it too, so it imports no SDK."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

from cronsim import CronSim


def aws_cron(unix: str) -> str:
    """*unix* cron (minute, hour, day of month, month, day of week) as AWS writes it: ``cron(0 3 * * ? *)``.

    Numbers are written out, so that only what AWS documents is used; Sunday is 0 or 7 in unix and 1 at AWS. ``L`` for the last
    day, ``5L`` for the last Friday and ``5#2`` for the second are AWS's too, but only alone in their field.

    Raises:
        ValueError: for what AWS cannot express, in one sentence.
    """
    parsed = CronSim(unix, datetime.now(UTC))
    _, _, day_of_month, _, day_of_week = unix.upper().split()
    if "*" not in (day_of_month, day_of_week):
        raise ValueError(f"'{unix}' has a day of the month and a day of the week; AWS takes one of them, put '*' for the other")
    month = _field(parsed.months, range(1, 13))
    if len(parsed.weekdays) >= 7 and all(isinstance(day, int) for day in parsed.weekdays):
        days, weekdays = _days(unix, parsed.days), "?"
    else:
        days, weekdays = "?", _weekdays(unix, parsed.weekdays)
    return f"cron({_field(parsed.minutes, range(60))} {_field(parsed.hours, range(24))} {days} {month} {weekdays} *)"


def _days(unix: str, days: set[int]) -> str:
    if days == {CronSim.LAST}:
        return "L"
    if min(days) < 0:
        raise ValueError(f"'{unix}' mixes the last day with others, or asks for the last weekday; AWS takes 'L' alone")
    return _field(days, range(1, 32))


def _weekdays(unix: str, weekdays: Iterable[int | tuple[int, int]]) -> str:
    days = list(weekdays)
    special = [day for day in days if isinstance(day, tuple)]
    if not special:
        return _field({_sunday_first(day) for day in days if isinstance(day, int)}, range(1, 8))
    if len(days) > 1:
        raise ValueError(f"'{unix}' lists several days of the week, one of them with '#' or 'L'; AWS takes such a day alone")
    (day, number) = special[0]
    return f"{_sunday_first(day)}L" if number == CronSim.LAST else f"{_sunday_first(day)}#{number}"


def _sunday_first(day: int) -> int:
    return day % 7 + 1


def _field(values: Iterable[int], everything: range) -> str:
    """``*`` for *everything*, otherwise numbers and ranges: ``0,15-17,30``."""
    numbers = sorted(set(values))
    if len(numbers) == len(everything):
        return "*"
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
