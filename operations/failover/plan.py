"""What a change of the writer would do, and whether it may be begun."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from operations.cloud.contract import Member
from operations.errors import Refused

Kind = Literal["failover", "switchover", "promote"]

READERS_TAKE_OVER = ("local", "aurora")
"""Backends where a reader becomes the writer. With the others a standby in another zone does, which takes no connections until
then and is no member."""

NUMBERED = ("rds", "cloudsql")
"""Backends whose readers belong to the stack by their numbers: a lower ``database.readers`` takes away the last one."""

MAX_LAG_SECONDS = 10.0
"""By default no reader further behind takes over: applications would miss what they have just written for as long."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A change that may be begun."""

    kind: Kind
    writer: str
    """The present one; "" where none is left."""
    target: str | None
    """Who takes over, or is promoted. None: the provider chooses."""
    writing: bool
    """Whether the present writer is well."""
    done: bool
    """The target is the writer already: nothing is left but what an earlier run was cut off in."""
    lines: tuple[str, ...]
    """Who becomes what, for people."""


def make_plan(
    kind: Kind, members: Sequence[Member], *, backend: str, target: str | None = None, max_lag: float = MAX_LAG_SECONDS
) -> Plan:
    """Raises Refused, with the reason, when no reader can take over (or, given *target*, when that one cannot)."""
    writer = next((member for member in members if member.role == "writer"), None)
    name, writing = (writer.name, writer.healthy) if writer else ("", False)
    if target is not None and target not in [member.name for member in members]:
        there = ", ".join(member.name for member in members)
        raise Refused(f"The database has no server {target!r}: it has {there}.")
    if target is not None and target == name:
        if kind == "promote":
            raise Refused(f"{target} is the writer: only a reader can become a database of its own.")
        return Plan(
            kind=kind, writer=name, target=target, writing=writing, done=True, lines=(f"{target} is the writer already.",)
        )
    readers = [member.name for member in members if member.role == "reader"]
    if kind == "promote" and backend in NUMBERED and target != (last := max(readers, key=lambda name: (_number(name), name))):
        raise Refused(
            f"Only the last reader, {last}, can leave: database.readers counts them, and lowering it takes that one away."
        )
    candidates: list[str] = []
    if kind == "promote" or target is not None or backend in READERS_TAKE_OVER:
        chosen = [member for member in members if member.role == "reader" and target in (None, member.name)]
        candidates = [reader.name for reader in _fit(chosen, max_lag)]
    return Plan(
        kind=kind,
        writer=name,
        target=candidates[0] if len(candidates) == 1 else target,
        writing=writing,
        done=False,
        lines=tuple(_line(member, _future(kind, member, candidates)) for member in members) + _meaning(kind, backend),
    )


def take_up(members: Sequence[Member], reader: str) -> Plan:
    """Where *reader*'s promotion was begun already: what it is meanwhile says nothing, and it may be no member any more."""
    writer = next((member for member in members if member.role == "writer"), None)
    return Plan(
        kind="promote",
        writer=writer.name if writer else "",
        target=reader,
        writing=writer is not None and writer.healthy,
        done=False,
        lines=(f"  {reader}: is leaving, or has left already -> a database of its own",),
    )


def _number(name: str) -> int:
    """2 of ``shop-dev-replica-2``."""
    found = re.search(r"\d+$", name)
    return int(found[0]) if found else 0


def _fit(readers: Sequence[Member], max_lag: float) -> list[Member]:
    """Those of *readers* that are healthy and not too far behind. Raises Refused when there is none, and says why."""
    healthy = [reader for reader in readers if reader.healthy]
    if not readers:
        raise Refused("The database has no reader that could take over: raise database.readers and bring the stack up first.")
    if not healthy:
        states = ", ".join(f"{reader.name} is {reader.state}" for reader in readers)
        raise Refused(f"No healthy reader can take over: {states}. Bring the stack up to mend that, then try again.")
    fit = [reader for reader in healthy if reader.lag_seconds is None or reader.lag_seconds <= max_lag]
    if not fit:
        lags = ", ".join(f"{reader.name} is {reader.lag_seconds or 0:.1f} s behind" for reader in healthy)
        raise Refused(f"{lags}, more than the {max_lag:g} s allowed: wait until it has caught up, or accept that by --max-lag.")
    return fit


def _future(kind: Kind, member: Member, candidates: Sequence[str]) -> str:
    if kind == "promote":
        return "a database of its own" if member.name in candidates else member.role
    if member.role == "writer":
        return "reader" if candidates else "the standby takes its place"
    if member.name in candidates:
        return "writer" if len(candidates) == 1 else "writer, if the provider chooses it"
    return "reader"


def _line(member: Member, future: str) -> str:
    lag = "" if member.lag_seconds is None else f", {member.lag_seconds:.1f} s behind"
    return f"  {member.name}: {member.role} ({member.state}{lag}) -> {future}"


def _meaning(kind: Kind, backend: str) -> tuple[str, ...]:
    match kind:
        case "promote":
            return ("It no longer receives what the writer writes, and cannot be made to follow again.",)
        case "switchover":
            return ("Sessions end, and writes fail for a moment; nothing that was acknowledged is lost.",)
        case "failover":
            # A cloud's standby shares the writer's storage, or has every write before it is acknowledged.
            lost = " What the writer has not sent to a reader yet is lost." if backend == "local" else ""
            return (f"Sessions end, and writes fail until the new writer takes them.{lost}",)
