"""Dropping what restores have left on purpose: the database that was replaced, the instance that was made."""

from __future__ import annotations

import typer

from operations.confirm import confirm
from operations.connection import conninfo_of
from operations.console import count, make_console
from operations.errors import Refused
from operations.place import Place, run_there
from operations.restore.logical import megabytes
from operations.restore.names import is_beside
from operations.restore.server import server_of


def drop_database(place: Place, name: str, yes: str | None) -> None:
    """Drops ``<database>_before_<time>`` after its name was typed. Raises Refused for any other name, OperationError."""
    database = place.environ.get("DB_NAME")
    if not database:
        raise Refused("DB_NAME is missing: set it to the database's name, or pass --stack.")
    if not is_beside(name, database, "before"):
        raise Refused(f"{name} is nothing that a restore of {database} has left: `restore list` shows what there is.")
    if place.remote:
        confirm("drop-old", name, yes, target=[f"Drops the database {name} on {place.environ['DB_HOST']}, for good."])
        raise typer.Exit(run_there(place, ["restore", "drop-old", name, f"--yes-drop-old={name}"]))
    with server_of(conninfo_of(place.environ)) as server:
        found = server.find(name)
        if found is None:
            raise Refused(f"There is no database {name} on {server.address}: `restore list` shows what there is.")
        holds = f"{megabytes(found.size)}, {count(found.sessions, 'session')}"
        confirm("drop-old", name, yes, target=[f"Drops the database {name} on {server.address} ({holds}), for good."])
        server.drop(name)


def drop_instance(place: Place, name: str, yes: str | None) -> None:
    """Deletes an instance that ``restore --snapshot`` or ``--point-in-time`` made, after its name was typed."""
    from operations.cloud import database_control

    assert place.handles is not None
    control = database_control(place.handles)
    found = next((copy for copy in control.copies("restore") if copy.name == name), None)
    if found is None:
        raise Refused(f"There is no instance {name} that a restore has made: `restore list` shows what there is.")
    where = f"{place.handles['provider']} {place.handles.get('region', '')}".strip()
    confirm("drop-old", name, yes, target=[f"Deletes the instance {name} ({where}, made {found.created:%Y-%m-%d}), for good."])
    control.delete_copy(name, make_console(stderr=True).print)
