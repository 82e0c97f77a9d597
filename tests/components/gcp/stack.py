"""Whole Google stacks on mocks, for the tests of its parts. A stack is made once for each set of settings."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from components.tiers import merge
from tests.components.aws.stack import EVERYTHING as OF_AWS
from tests.recorder import Recording, main, record

EVERYTHING: dict[str, Any] = {**OF_AWS, "provider": "gcp"}
"""The same stack file as for AWS, but for one word."""


def gcp_stack(tier: str = "dev", **change: Any) -> Recording:
    """What the program registers for :data:`EVERYTHING` with *change* merged over it."""
    return _recorded(json.dumps(merge({**EVERYTHING, "tier": tier}, change), sort_keys=True))


@cache
def _recorded(text: str) -> Recording:
    return record(main, json.loads(text))
