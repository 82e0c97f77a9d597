"""``python -m operations backup create|list``: exit 0 well, 1 failed or a backup is spoilt, 2 bad settings."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from operations.backup import PUBLISHED
from operations.errors import OperationError, Refused
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.backup.store import BackupSet, FolderStore

app = typer.Typer(help="Back up the database of the DB_* environment with pg_dump.", no_args_is_help=True)

To = Annotated[Path | None, typer.Option("--to", help="Folder of the backups. Default: BACKUP_DIR.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")]


@app.command()
def create(to: To = None, as_json: Json = False) -> None:
    """Dump, verify, publish; then remove daily backups older than BACKUP_RETENTION_DAYS (30)."""
    from operations.backup.create import create_backup
    from operations.connection import conninfo_of

    # The default would end this process at once and leave pg_dump and its draft behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        report = create_backup(conninfo_of(), _store(to), retention_days=_retention_days())
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(
            {
                "created": _as_json(report.backup),
                "monthly": report.monthly and report.monthly.key,
                "removed": [old.key for old in report.removed],
            }
        )
        return
    made = report.backup.manifest
    seconds = (made.ended - made.started).total_seconds()
    typer.echo(f"{report.backup.key}  {made.bytes} bytes, {PUBLISHED} in {seconds:.1f} s")
    if report.monthly:
        typer.echo(f"{report.monthly.key}  kept as the first of its month")
    for old in report.removed:
        typer.echo(f"{old.key}  removed, past its retention")


@app.command("list")
def list_(
    to: To = None,
    verify: Annotated[bool, typer.Option("--verify", help="Read every dump again and compare its checksum.")] = False,
    as_json: Json = False,
) -> None:
    """Show the published backups, newest first; exit 1 when one of them is lost or corrupt."""
    from operations.backup.create import list_backups

    try:
        store = _store(to)
        backups = list_backups(store, verify=verify)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json([_as_json(backup) for backup in backups])
    else:
        for backup in backups:
            made = backup.manifest
            state = backup.problem or ("verified now" if verify else "good")
            typer.echo(f"{backup.key}  {made.started:%Y-%m-%d %H:%M:%S} UTC  {made.bytes} bytes  {made.database}  {state}")
        if not backups:
            typer.echo(f"no backups in {store.root}")
        for stray in store.strays():
            typer.echo(f"{stray} has no manifest: not a backup, delete it", err=True)
    raise typer.Exit(1 if any(backup.problem for backup in backups) else 0)


def _store(to: Path | None) -> FolderStore:
    from operations.backup.store import FolderStore

    folder = to or os.environ.get("BACKUP_DIR")
    if not folder:
        raise Refused("No folder for the backups: set BACKUP_DIR or pass --to.")
    return FolderStore(Path(folder))


def _retention_days() -> int:
    text = os.environ.get("BACKUP_RETENTION_DAYS") or "30"
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise Refused(f"BACKUP_RETENTION_DAYS is {text!r}; it must be a number of days from 1.")
    return int(text)


def _as_json(backup: BackupSet) -> dict[str, Any]:
    return {"key": backup.key, "problem": backup.problem, **asdict(backup.manifest)}
