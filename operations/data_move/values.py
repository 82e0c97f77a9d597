"""One value of SQLite or JSON as PostgreSQL's type wants it, and the text by which it is compared afterwards."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

_MILLISECONDS_FROM = 1e11
"""A time that is a number counts seconds since 1970, or milliseconds from this on: that many seconds are the year 5138."""
_TRUE, _FALSE = ("1", "t", "true", "y", "yes", "on"), ("0", "f", "false", "n", "no", "off")


def convert(kind: str, value: Any) -> Any:
    """*value* as Python has *kind* (a :attr:`Column.type`). Raises ValueError where it is none."""
    if value is None or (isinstance(value, list) and kind.endswith("[]")):
        return value
    conversion: Callable[[Any], Any] = _interval if kind == "interval" else CONVERSIONS.get(kind, _text)
    made = conversion(value)
    if isinstance(made, str) and "\0" in made:
        raise ValueError("text with a NUL character, which PostgreSQL does not keep")
    return made


def canonical(kind: str, value: Any) -> str:
    """The same text for the same value of *kind*, whichever side it was read on."""
    if value is None:
        return "-"
    if kind not in CONVERSIONS and kind not in TEXTS:
        return "+"  # how the server writes it is not known here: only that there is one
    return f"={_CANONICAL.get(kind, str)(value)}"


def compared(kind: str) -> bool:
    """Whether :func:`canonical` tells two values of *kind* apart."""
    return kind in CONVERSIONS or kind in TEXTS


def _bool(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise ValueError("no truth value")
    return word in _TRUE


def _int(value: Any) -> int:
    if isinstance(value, float) and not value.is_integer():
        raise ValueError("a fraction")
    return int(value)


def _numeric(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError("no number") from None


def _moment(value: Any) -> datetime:
    """In UTC where nothing else is said, as Django and JavaScript keep it."""
    if isinstance(value, int | float):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value / 1000 if abs(value) >= _MILLISECONDS_FROM else value)
    found = datetime.fromisoformat(str(value).strip())
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _timestamp(value: Any) -> datetime:
    return _moment(value).replace(tzinfo=None)


def _date(value: Any) -> date:
    return _moment(value).date() if isinstance(value, int | float) else date.fromisoformat(str(value).strip()[:10])


def _time(value: Any) -> time:
    return time.fromisoformat(str(value).strip())


def _uuid(value: Any) -> UUID:
    return UUID(bytes=value) if isinstance(value, bytes) else UUID(str(value))


def _json(value: Any) -> str:
    text = _text(value)
    json.loads(text)
    return text


def _bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(str(value), validate=True)
    except binascii.Error:
        raise ValueError("neither bytes nor base64") from None


def _interval(value: Any) -> str:
    """Django keeps a duration as microseconds where the database has no type for it."""
    return f"{value} microseconds" if isinstance(value, int) else str(value)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


TEXTS = frozenset({"text", "character varying", "character", "citext"})
CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "boolean": _bool,
    **dict.fromkeys(("smallint", "integer", "bigint"), _int),
    **dict.fromkeys(("real", "double precision"), float),
    "numeric": _numeric,
    "timestamp with time zone": _moment,
    "timestamp without time zone": _timestamp,
    "date": _date,
    "time without time zone": _time,
    "uuid": _uuid,
    **dict.fromkeys(("json", "jsonb"), _json),
    "bytea": _bytes,
}


def _canonical_json(value: Any) -> str:
    """JSON's numbers without a difference between 1, 1.0 and 1e0, which jsonb does not keep."""
    parsed = json.loads(value, parse_float=_plain, parse_int=_plain)
    return json.dumps(parsed, sort_keys=True)


def _plain(number: str) -> str:
    return f"#{Decimal(number).normalize():f}"


_CANONICAL: dict[str, Callable[[Any], str]] = {
    "real": lambda value: repr(struct.unpack("f", struct.pack("f", value))[0]),
    "double precision": repr,
    "numeric": lambda value: f"{value.normalize() + 0:f}" if value.is_finite() else str(value),
    "timestamp with time zone": lambda value: value.astimezone(UTC).isoformat(),
    "character": lambda value: value.rstrip(" "),
    "json": _canonical_json,
    "jsonb": _canonical_json,
    "bytea": lambda value: bytes(value).hex(),
}
READ_AS_TEXT = frozenset({"json", "jsonb"})
"""Kinds whose values are read back as text: their Python forms lose what is compared."""


def readable(kind: str) -> bool:
    """Whether a value of *kind* is read back as it is; others, as text."""
    return compared(kind) and kind not in READ_AS_TEXT
