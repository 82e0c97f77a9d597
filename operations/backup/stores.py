"""Which store: by ``--to``, else by the environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from operations.backup.objects import Objects
from operations.backup.store import BackupStore
from operations.errors import Refused

VARIABLES = {"BACKUP_DIR": "", "BACKUP_S3_BUCKET": "s3://", "BACKUP_GCS_BUCKET": "gs://"}
"""Where a stack's own backups are, and what makes a place of each."""


def store_of(environ: Mapping[str, str], to: str | None = None) -> BackupStore:
    """The store at *to* (``file:///folder``, ``s3://bucket[/prefix]``, ``gs://bucket[/prefix]`` or a folder), by default the one
    that BACKUP_DIR, BACKUP_S3_BUCKET or BACKUP_GCS_BUCKET of *environ* names. A cloud's SDK is imported only here.

    Raises Refused where none or more than one is named, or where *to* is no such place.
    """
    if to:
        return BackupStore(_objects(to))
    named = [name for name in VARIABLES if environ.get(name)]
    if not named:
        raise Refused(f"No place for the backups: set one of {', '.join(VARIABLES)}, or pass --to.")
    if len(named) > 1:
        raise Refused(f"More than one place for the backups ({', '.join(named)}): unset all but one, or pass --to.")
    return BackupStore(_objects(VARIABLES[named[0]] + environ[named[0]]))


def _objects(place: str) -> Objects:
    from operations.backup.folder import Folder

    if "://" not in place:
        return Folder(Path(place))
    try:
        parts = urlsplit(place)
    except ValueError:  # s3://[
        parts = urlsplit("")
    prefix = parts.path.strip("/")
    prefix = f"{prefix}/" if prefix else ""
    match parts.scheme:
        case "file" if parts.netloc in ("", "localhost") and parts.path:
            return Folder(Path(unquote(parts.path)))
        case "s3" if parts.netloc:
            from operations.backup.s3 import S3

            return S3(parts.netloc, prefix)
        case "gs" if parts.netloc:
            from operations.backup.gcs import Gcs

            return Gcs(parts.netloc, prefix)
    raise Refused(f"{place!r} is no place for backups: use file:///folder, s3://bucket/prefix or gs://bucket/prefix.")
