"""The word that the local resources use for what they are: ``running``, or what is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from components.local.host.processes.status import ServiceState
from components.local.providers.base import inputs

RUNNING = "running"


def status_word(state: ServiceState) -> str:
    """``running`` for a healthy process, else its state: starting, unhealthy, backoff, stopped or absent."""
    return RUNNING if state.healthy else state.state


def needs_mending(word: str | None) -> bool:
    """Whether the next `up` has something to do.

    A process that is unwell, though supervised, counts: the update starts it afresh, waits until it is healthy, and says
    why with its last log lines when that does not happen. Only ``starting`` is left alone, it will be one or the other.
    """
    return word not in (RUNNING, "starting")


def changed(olds: Mapping[str, Any], news: Mapping[str, Any], keys: Iterable[str]) -> bool:
    """Whether one of *keys* differs. An output that is still unknown differs from every value."""
    before, after = inputs(olds), inputs(news)
    return any(before.get(key) != after.get(key) for key in keys)
