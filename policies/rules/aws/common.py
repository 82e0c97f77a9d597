"""What several subjects ask of AWS resources."""

from __future__ import annotations

from collections.abc import Iterator

from policies.resource import UNKNOWN, Resource
from policies.rule import Config, Judge
from policies.rules.conditions import unless_set
from policies.verdict import Undecided


def primary(judge: Judge) -> Judge:
    """*judge*, but not for a read replica: it has its source's key, users, backups, and nothing that is its own to keep."""
    return unless_set("replicateSourceDb", judge)


def when_known(path: str, judge: Judge) -> Judge:
    """*judge*, but undecided where *path*, which it looks into, is not known as a whole."""

    def when(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        if resource.fact(path) is UNKNOWN:
            yield Undecided((path,))
        else:
            yield from judge(resource, config)

    return when


def when_starts(path: str, word: str, judge: Judge) -> Judge:
    """*judge* where the text at *path* begins with *word*; undecided where that is unknown and *judge* has something to say."""

    def when(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        found = resource.fact(path)
        if found is UNKNOWN and any(True for _ in judge(resource, config)):
            yield Undecided((path,))
        elif str(found).startswith(word):
            yield from judge(resource, config)

    return when
