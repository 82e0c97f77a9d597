"""Whether judging grows with the stack and no faster: ``python -m bench.policies``. Ends with 1 where it does not.

All rules on a graph of 10,000 resources against one of 100, time per resource, in turns within one run. The graphs are copies of
the same hundred resources of the prod stack with their ways between them, so both hold the same kinds of work.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from operations.review.graph import stack_of
from policies.catalogue import RULES
from policies.judge import judge
from policies.levels import file_of, load
from policies.resource import Resource, Stack

ROOT = Path(__file__).resolve().parent.parent
BAR = 1.2
SMALL, LARGE = 100, 10_000
ROUNDS = 7
SETTINGS = load(file_of("prod"), RULES)


def main() -> int:
    real = stack_of(ROOT, "prod")
    hundred = real.resources[:SMALL]
    small, large = _copies(real, hundred, 1), _copies(real, hundred, LARGE // SMALL)
    assert (len(small.resources), len(large.resources)) == (SMALL, LARGE)
    gc.disable()  # as the review does
    pairs = []
    for _ in range(ROUNDS):
        # as often as it takes to do the same work: a single run of the small one is over before the clock has warmed up
        few = sum(_seconds(small) for _ in range(LARGE // SMALL)) / LARGE
        pairs.append((few, _seconds(large) / LARGE))
    few, many = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = many / few
    print(f"  a resource of {LARGE:,}: {many * 1e6:.1f} us, of {SMALL}: {few * 1e6:.1f} us: {ratio:.2f} times (bar {BAR})")
    return 0 if ratio <= BAR else 1


def _seconds(stack: Stack) -> float:
    fresh = replace(stack)  # without the indexes that the last run left
    begin = time.process_time()
    judge(fresh, enforcement=SETTINGS.enforcement, config=SETTINGS.config, waivers=(), rules=RULES)
    return time.process_time() - begin


def _copies(real: Stack, resources: tuple[Resource, ...], count: int) -> Stack:
    made = tuple(_copy(resource, number) for number in range(count) for resource in resources)
    return replace(real, resources=made)


def _copy(resource: Resource, number: int) -> Resource:
    def other(urn: str) -> str:
        return f"{urn}-{number}" if urn else ""

    edges: Mapping[str, tuple[str, ...]] = {key: tuple(map(other, urns)) for key, urns in resource.property_depends_on.items()}
    return replace(
        resource,
        urn=other(resource.urn),
        name=f"{resource.name}-{number}",
        parent=other(resource.parent),
        depends_on=tuple(map(other, resource.depends_on)),
        property_depends_on=edges,
    )


if __name__ == "__main__":
    sys.exit(main())
