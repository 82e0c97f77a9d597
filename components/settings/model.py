"""The base of all settings models and the small types they share."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

Tier = Literal["dev", "staging", "prod"]
Size = Literal["small", "medium", "large", "xlarge"]


class Model(BaseModel):
    """A block of settings: plain values from a stack file. Unknown keys and wrong types are errors; nothing is converted."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", use_attribute_docstrings=True)


def matching(pattern: str, words: str) -> AfterValidator:
    """Accept text that matches *pattern* whole; otherwise say *words*, a rule that a person can follow."""
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(words)
        return value

    return AfterValidator(check)


def _cron(value: str) -> str:
    from datetime import UTC, datetime

    if len(value.split()) != 5:
        raise ValueError("must have the five fields of unix cron, for example '0 3 * * *' for 03:00 every day")
    try:
        CronSim(value, datetime.now(UTC))
    except CronSimError as error:
        raise ValueError(f"is not a cron expression ({error}); write for example '0 3 * * *' for 03:00 every day") from None
    return value


def _timezone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("is not a time zone name; write for example 'Asia/Tokyo' or 'UTC'")
    return ZoneInfo(value).key


_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def minutes_of(window: str) -> tuple[int, int]:
    """Start and end of an ``HH:MM-HH:MM`` window in minutes since midnight UTC; the end is past 1440 when it wraps."""
    match = _WINDOW.fullmatch(window)
    if match is None:
        raise ValueError("must look like '17:00-18:00' (UTC)")
    hour, minute, end_hour, end_minute = (int(group) for group in match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    return start, end if end > start else end + 1440


def _window(value: str) -> str:
    start, end = minutes_of(value)
    if end - start < 30:
        raise ValueError("must be at least 30 minutes long, as the clouds ask")
    return value


def _version(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        raise ValueError("is a number that YAML may have shortened; put the version in quotes, for example '17.6'")
    return value


Cron = Annotated[str, AfterValidator(_cron)]
TimeZone = Annotated[str, AfterValidator(_timezone)]
Window = Annotated[str, AfterValidator(_window)]
Version = Annotated[
    str,
    BeforeValidator(_version),
    matching(r"\d{1,2}(\.\d{1,2})?", "must be a major version such as '17', or a full minor such as '17.6'"),
]
Name = Annotated[
    str, matching(r"[a-z](-?[a-z0-9]){0,29}", "must be lower-case letters, digits and single hyphens, a letter first, at most 30")
]
"""What every cloud accepts as part of a resource name."""
VariableName = Annotated[str, matching(r"[A-Z_][A-Z0-9_]*", "must be an environment variable name such as LOG_LEVEL")]
UrlPath = Annotated[str, matching(r"/\S*", "must be a URL path that starts with '/'")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
