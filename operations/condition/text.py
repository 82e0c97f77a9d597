"""The condition of a database in lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from operations.cloud.contract import Member
from operations.condition.condition import Condition
from operations.condition.database import Database
from operations.condition.last import LastBackup, LastDrill
from operations.condition.nodes import Node


def lines(found: Condition, now: datetime | None = None, *, drills: bool = True) -> Iterator[str]:
    """One fact per line, the servers first. *now*: by what ages are told; *drills*: whether any could be known here."""
    moment = now or datetime.now(UTC)
    yield from (f"Server {line}" for line in map(_node, found.nodes))
    yield from (f"Server {line}" for line in map(_member, found.members))
    if found.database:
        yield from _database(found.database)
    if found.last_snapshot:
        yield f"Last snapshot: {found.last_snapshot.id}, {ago(found.last_snapshot.created, moment)}"
    if found.window:
        yield f"Can be restored to any moment from {_minute(found.window.earliest)} to {_minute(found.window.latest)}"
    yield f"Last backup: {_backup(found.last_backup, moment)}"
    if drills:
        yield f"Last drill: {_drill(found.last_drill, moment)}"
    yield from (f"Not known: {problem}" for problem in found.problems)
    if found.hint:
        yield found.hint


def outside(found: Condition, now: datetime | None = None) -> Iterator[str]:
    """What is known outside a stack's network alone, after the lines from inside."""
    yield f"Last drill: {_drill(found.last_drill, now or datetime.now(UTC))}"
    yield from (f"Alarm: {alarm}" for alarm in found.alarms)
    yield from (f"Not known: {problem}" for problem in found.problems)


def _node(node: Node) -> str:
    label = f"{node.name} ({node.address})" if node.name else node.address
    if node.problem:
        return f"{label}: down: {node.problem}"
    facts = [str(node.role), f"PostgreSQL {node.version}", f"{node.connections} of {node.max_connections} connections"]
    if node.role == "standby":
        facts.insert(1, "does NOT follow the primary" if node.follows is False else _lag(node.lag_seconds))
    return f"{label}: {', '.join(facts)}"


def _member(member: Member) -> str:
    facts = [member.role, member.state if member.healthy else f"{member.state} (NOT healthy)"]
    if member.role == "reader":
        facts.append(_lag(member.lag_seconds))
    return f"{member.name}: {', '.join([*facts, *filter(None, (member.size, member.version, member.zone))])}"


def _lag(seconds: float | None) -> str:
    return "lag unknown" if seconds is None else f"lag {seconds:.1f} s"


def _database(database: Database) -> Iterator[str]:
    states = ", ".join(f"{number} {state}" for state, number in database.states.items())
    yield f"Connections: {database.connections} of {database.max_connections} ({states})"
    oldest = database.oldest_transaction
    if oldest:
        whose = f"process {oldest.pid}" if oldest.pid else "prepared"
        named = f", {oldest.application}" if oldest.application else ""
        yield f"Oldest transaction: {duration(oldest.seconds)} ({whose}, {oldest.user}{named}, {oldest.state})"
    else:
        yield "Oldest transaction: none is open"
    yield f"Transaction ids used: {database.transaction_ids_percent:.1f} %"
    own, *others = database.databases
    yield f"Size: {size(own.bytes)}" + "".join(f"; database {other.name} {size(other.bytes)}" for other in others)
    if database.tables is None:
        yield "Largest tables: not known, one of them is locked"
    elif database.tables:
        yield f"Largest tables: {', '.join(f'{table.name} {size(table.bytes)}' for table in database.tables)}"


def _backup(last: LastBackup | None, now: datetime) -> str:
    if last is None:
        return "no store of backups is known from here"
    if last.problem:
        return f"not known: {last.problem}"
    spoilt = f"; {last.spoilt} lost or corrupt: see `python -m operations backup list`" if last.spoilt else ""
    if last.name is None or last.started is None or last.bytes is None:
        return f"NONE in {last.where}{spoilt}"
    return f"{last.name}, {ago(last.started, now)}, {size(last.bytes)}, in {last.where}{spoilt}"


def _drill(last: LastDrill | None, now: datetime) -> str:
    if last is None:
        return "none is recorded here"
    took = "" if last.seconds is None else f" in {duration(last.seconds)}"
    return f"{last.backup} restored{took}, {ago(last.restored_at, now)}"


def size(number: int) -> str:
    """Bytes as ``512 B``, ``7.4 MiB``, ``1.2 TiB``."""
    amount, unit = float(number), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if amount < 1024 or unit == "TiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def duration(seconds: float) -> str:
    """``0.4 s``, ``12 min``, ``3 h 20 min``, ``2 days``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // (24 * 60)} days"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ago(moment: datetime, now: datetime) -> str:
    """``2026-11-21 03:00 UTC, 15 h 2 min ago``."""
    return f"{_minute(moment)}, {duration(max(0.0, (now - moment).total_seconds()))} ago"
