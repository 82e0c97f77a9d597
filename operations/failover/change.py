"""A change of the writer, from the plan to the first write that the new one takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

from operations.cloud.contract import DatabaseControl, Member, Say
from operations.connection import connect, conninfo_of
from operations.errors import Interrupted, OperationError
from operations.failover.plan import Plan
from operations.failover.probe import WriteProbe
from operations.place import Place

WRITES_SECONDS = 60.0
"""How long the new writer may take from the provider's word that it is one to its first write."""
SETTLE_SECONDS = 600.0
"""How long the provider may take to show the new roles."""
POLL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What came of it."""

    action: str
    before: str
    """The writer before; "" where none was left."""
    after: str
    """The writer now."""
    seconds: float
    """Of the whole change, readers included."""
    outage_seconds: float | None
    """How long writes failed; None where that cannot be seen from here."""


def target_lines(place: Place, plan: Plan) -> list[str]:
    """What is about to be changed, for the question: stack, host, database, its size where it can be asked, and the plan."""
    environ, size = place.environ, "" if plan.writing else ", whose writer is not well"
    if plan.writing and not place.remote:
        with connect(conninfo_of(environ), "managed-postgres failover") as session:
            row = session.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
        size = f", {row[0]}" if row else ""
    return [f"{plan.kind} of stack {place.name}: database {environ['DB_NAME']} at {environ['DB_HOST']}{size}", *plan.lines]


def change(place: Place, control: DatabaseControl, plan: Plan, say: Say) -> Changed:
    """Carry out *plan* and wait until the new writer takes writes.

    Raises what the provider says (Refused: nothing was begun), OperationError where the new writer does not take writes in time,
    Interrupted after Ctrl-C: the same command with ``--to`` takes it up.
    """
    action: Callable[[str | None, Say], None] = control.failover if plan.kind == "failover" else control.switchover
    begun = time.monotonic()
    with nullcontext() if place.remote else WriteProbe(conninfo_of(place.environ)) as probe:
        try:
            action(plan.target, say)
        except KeyboardInterrupt:
            raise Interrupted(
                f"Stopped half-way. `python -m operations {plan.kind} --stack {place.name}"
                f"{f' --to {plan.target}' if plan.target else ''}` takes up what was begun."
            ) from None
        writer = _writer(control, plan)
        if probe is not None and not probe.writes(WRITES_SECONDS):
            raise OperationError(
                f"{writer.name} is the writer now, but took no write within {WRITES_SECONDS:g} s: see its log, and "
                f"`python -m operations status --stack {place.name}`."
            )
    return Changed(
        action=plan.kind,
        before=plan.writer,
        after=writer.name,
        seconds=round(time.monotonic() - begun, 3),
        outage_seconds=None if probe is None else round(probe.outage, 3),
    )


def _writer(control: DatabaseControl, plan: Plan) -> Member:
    """The new writer, once the provider calls it healthy."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        writer = next((member for member in control.members() if member.role == "writer"), None)
        if writer is not None and writer.healthy and plan.target in (None, writer.name):
            return writer
        if time.monotonic() > deadline:
            found = f"{writer.name} ({writer.state})" if writer else "none"
            raise OperationError(f"After {SETTLE_SECONDS:g} s the provider still names another writer than asked for: {found}.")
        time.sleep(POLL_SECONDS)
