"""Names of the databases that lie beside a database for a while: ``shop_restored_20261121_183000``."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Literal

Mark = Literal["restored", "before", "drill", "verify"]
"""``restored``: takes the database's name when it is full. ``before``: what had the name until then. ``drill`` and ``verify``
(of migrations): scratch."""

STAMP = "%Y%m%d_%H%M%S"
LONGEST = 63
"""Bytes of an identifier; PostgreSQL cuts longer ones without a word."""
_ENDING = len("_restored_20260101_000000")


def beside(database: str, mark: Mark, at: datetime) -> str:
    """The name of a database beside *database*, made at *at* (UTC)."""
    return f"{_stem(database)}_{mark}_{at:{STAMP}}"


def is_beside(name: str, database: str, mark: Mark) -> bool:
    """Whether *name* is one that :func:`beside` gives."""
    return re.fullmatch(rf"{re.escape(_stem(database))}_{mark}_\d{{8}}_\d{{6}}", name) is not None


def _stem(database: str) -> str:
    """A long name is cut, and told from others by a checksum."""
    name = database.encode()
    if len(name) + _ENDING <= LONGEST:
        return database
    digest = hashlib.sha256(name).hexdigest()[:8]
    return f"{name[: LONGEST - _ENDING - 9].decode(errors='ignore')}_{digest}"
