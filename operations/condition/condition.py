"""All that can be told of one database from here: by SQL where it can be reached, else by the provider's own interface."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from operations.cloud.contract import DatabaseControl, Member, Snapshot, Window
from operations.condition.database import Database, database_of
from operations.condition.last import LastBackup, LastDrill, last_backup, last_drill
from operations.condition.nodes import Node, nodes_of
from operations.errors import OperationError
from operations.place import Place

ASKED = ("members", "alarms", "last_snapshot", "window")
"""What the provider's interface tells."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What was found of a database. What could not be asked is None or empty, and *problems* says why."""

    nodes: tuple[Node, ...] = ()
    """By SQL; empty where the database is out of reach."""
    members: tuple[Member, ...] = ()
    """By the provider's interface; empty on this machine and where only the environment is known."""
    database: Database | None = None
    """None where the writer cannot be asked, or is out of reach."""
    last_snapshot: Snapshot | None = None
    """The provider's own, where it has any."""
    window: Window | None = None
    """Moments that the provider can restore, where point-in-time recovery is on."""
    last_backup: LastBackup | None = None
    last_drill: LastDrill | None = None
    alarms: tuple[str, ...] = ()
    """Those of a cloud's own monitoring that fire. On this machine `status` holds the thresholds against the database."""
    problems: tuple[str, ...] = ()
    """What could not be asked and why, a sentence each."""
    hint: str = ""
    """How to get what cannot be told from here."""

    @property
    def down(self) -> tuple[str, ...]:
        """Servers that are not as they should be."""
        nodes = (node.name or node.address for node in self.nodes if not node.fine)
        return (*nodes, *(member.name for member in self.members if not member.healthy))

    @property
    def healthy(self) -> bool:
        """Every server is as it should be, and one takes writes as far as can be told."""
        writer = any(node.role == "primary" for node in self.nodes) or any(member.role == "writer" for member in self.members)
        return writer and not self.down

    def as_json(self) -> dict[str, Any]:
        """For ``--json``: bytes, seconds, ISO times; null for what is not known."""
        facts = asdict(self)
        facts["down"], facts["healthy"] = list(self.down), self.healthy
        return facts


def condition_of(place: Place, root: Path | None = None) -> Condition:
    """The condition of *place*'s database. *root*: the checkout whose evidence of drills counts for the stack.

    What cannot be asked is among the problems. Raises Refused where the environment does not meet the contract,
    OperationError where the login's secret cannot be had.
    """
    problems: list[str] = []
    destination = _destination(place.handles)
    environ: Mapping[str, str] = {} if place.remote else place.environ  # a cloud's store is known by its address alone
    backup = last_backup(environ, destination if place.remote else None, place.environ.get("DB_NAME", ""))
    drill = _drill(root, place.name, problems) if root else None
    if place.remote:
        hint = (
            f"Sessions, transactions and sizes are known inside its network only: `python -m operations status --inside --stack "
            f"{place.name}` asks there (about a minute)."
        )
        found = Condition(last_backup=backup, last_drill=drill, problems=tuple(problems), hint=hint)
        return _by_provider(place.handles or {}, found)
    nodes, database = _by_sql(place.environ, problems)
    return Condition(nodes=nodes, database=database, last_backup=backup, last_drill=drill, problems=tuple(problems))


def known_outside(place: Place, root: Path) -> Condition:
    """What a look from inside the network of *place* cannot tell: its cloud's alarms, and the drills of the checkout *root*."""
    problems: list[str] = []
    drill = _drill(root, place.name, problems)
    return _by_provider(place.handles or {}, Condition(last_drill=drill, problems=tuple(problems)), only=("alarms",))


def _drill(root: Path, stack: str, problems: list[str]) -> LastDrill | None:
    try:
        return last_drill(root, stack)
    except OperationError as error:
        problems.append(str(error))
        return None


def _by_sql(environ: Mapping[str, str], problems: list[str]) -> tuple[tuple[Node, ...], Database | None]:
    from operations.connection import conninfo_of

    conninfo = conninfo_of(environ)
    nodes = nodes_of(environ)
    try:
        return nodes, database_of(conninfo)
    except OperationError as error:
        problems.append(str(error))
        return nodes, None


def _by_provider(handles: Mapping[str, Any], found: Condition, only: Container[str] = ASKED) -> Condition:
    """*found* and what the provider's interface says. One question that fails does not keep the others from being asked."""
    from operations.cloud import database_control

    problems = list(found.problems)
    try:
        control: DatabaseControl = database_control(handles)
    except OperationError as error:
        return replace(found, problems=(*problems, str(error)))
    facts: dict[str, Any] = {}
    for name, ask in (
        ("members", lambda: tuple(control.members())),
        ("alarms", lambda: tuple(control.alarms())),
        ("last_snapshot", lambda: next((one for one in control.snapshots() if one.ready), None)),
        ("window", control.window),
    ):
        if name not in only:
            continue
        try:
            facts[name] = ask()
        except OperationError as error:
            problems.append(str(error))
    return replace(found, **facts, problems=tuple(dict.fromkeys(problems)))


def _destination(handles: Mapping[str, Any] | None) -> str | None:
    backups = (handles or {}).get("backups") or {}
    return backups.get("destination")
