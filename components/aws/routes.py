"""Which rule of the load balancer is asked first: pure functions.

An ALB asks its rules by priority, 1 to 50000, each number once. Numbers counted from a sorted list would move all rules after a
new one, and AWS refuses a number that another rule still has. So a priority comes from the route itself: a band by how specific
its path is, and a place in that band by the hash of its service, host and path. A route added or removed moves no other, unless
two hashes meet.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

LONGEST_PATH = 128
"""Characters of a path pattern that an ALB accepts."""
BANDS = LONGEST_PATH + 1
PLACES = 50000 // BANDS
"""Rules that fit in one band. An ALB has 100 rules by default."""


class Path(NamedTuple):
    """One path of one service. ``host`` is empty for the load balancer's own address."""

    service: str
    host: str
    pattern: str

    @property
    def slug(self) -> str:
        """A short name that stays the same whatever else the service serves."""
        words = re.sub(r"[^a-z0-9]+", "-", self.pattern.lower()).strip("-")[:20] or "all"
        return f"{words}-{hashlib.sha256(self.pattern.encode()).hexdigest()[:6]}"


def specificity(pattern: str) -> int:
    """Its literal characters; one more without a wildcard, so that ``/api`` is asked before ``/api*``."""
    literal = len(re.sub(r"[*?]", "", pattern))
    return min(literal + (literal == len(pattern)), BANDS)


def priorities(paths: Iterable[Path]) -> dict[Path, int]:
    """A priority for each path: the more specific, the smaller; the same for the same paths in any order."""
    found: dict[Path, int] = {}
    taken: set[int] = set()
    for path in sorted(paths):
        first = (BANDS - specificity(path.pattern)) * PLACES + 1
        wanted = int(hashlib.sha256("\n".join(path).encode()).hexdigest(), 16)
        found[path] = next(at for step in range(PLACES) if (at := first + (wanted + step) % PLACES) not in taken)
        taken.add(found[path])
    return found
