"""What a ``DatabaseManager`` tells whoever measures it: one plain function, called with one small record per happening."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

logger = logging.getLogger("runtime.metrics")

Kind = Literal["checkout", "return", "refused", "connect", "connect failed", "drain", "cancel"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a pool did. ``pool``: "writer" or "reader".

    ``kind`` and what ``seconds`` says of it:
      checkout        a caller got a connection: how long it waited
      return          and gave it back: how long it had it
      refused         a caller got none: how long it waited
      connect         a connection was made, or could not be made (``connect failed``): how long that took
      drain           all connections are replaced (a server was lost or demoted, or ``drain()`` was called): 0
      cancel          a statement took longer than ``statement_timeout``: how long that is
    """

    pool: str
    kind: Kind
    seconds: float


Hook = Callable[[Event], None]
"""Called in the thread that did it, under load in several: it must be quick. What it raises is logged, no more."""

Tell = Callable[[Kind, float], None]


def teller(hook: Hook | None, pool: str) -> Tell | None:
    """Hands what *pool* does to *hook*; None where there is no hook, so that nothing is measured for nobody."""
    if hook is None:
        return None
    wanted = hook

    def tell(kind: Kind, seconds: float) -> None:
        try:
            wanted(Event(pool, kind, seconds))
        except Exception:
            logger.exception("the metrics hook failed")

    return tell
