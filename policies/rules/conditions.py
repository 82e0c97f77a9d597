"""Rules for some of the resources of a type only."""

from __future__ import annotations

from collections.abc import Iterator

from policies.resource import ABSENT, Resource
from policies.rule import Config, Judge
from policies.verdict import Undecided


def unless_set(path: str, judge: Judge) -> Judge:
    """*judge* where *path* is not set."""

    def unless(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        if resource.fact(path) is ABSENT:
            yield from judge(resource, config)

    return unless


def when_set(path: str, judge: Judge) -> Judge:
    """*judge* where *path* is set, known or not."""

    def when(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        if resource.fact(path) is not ABSENT:
            yield from judge(resource, config)

    return when


def when_asked(key: str, judge: Judge) -> Judge:
    """*judge* where the configuration's *key* is true."""

    def when(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        if config[key]:
            yield from judge(resource, config)

    return when
