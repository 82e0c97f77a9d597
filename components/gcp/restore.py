"""Where the first data of a database comes from. Nothing of the SDK is needed, so that the settings' rules can read it."""

from __future__ import annotations

import re
from typing import Any

from components.settings.database import RestoreSettings

RUN = re.compile(r"([a-z][a-z0-9-]{0,97})/([1-9]\d{0,15})")
"""``<instance>/<backup run id>``, as ``gcloud sql backups list`` prints them."""
BACKUP_DR = re.compile(r"projects/[^/\s]+/locations/[^/\s]+/backupVaults/[^/\s]+/dataSources/[^/\s]+/backups/[^/\s]+")
"""Name of a backup that the Backup and DR service keeps."""
SNAPSHOT = re.compile(f"{RUN.pattern}|{BACKUP_DR.pattern}")
"""What ``database.restore.snapshot`` may be."""

ARGUMENTS = ("clone", "restoreBackupContext", "backupdrBackup")
"""The arguments below, for ``ignore_changes``: a changed backup would be restored over the data of today."""


def first_data(restore: RestoreSettings | None) -> dict[str, Any]:
    """Arguments of a new instance that takes its data from elsewhere in this project; none for an empty one.

    Raises ValueError where ``snapshot`` is no backup; the settings' rules have said so before.
    """
    if restore is None:
        return {}
    if restore.snapshot is None:
        return {"clone": {"source_instance_name": restore.source, "point_in_time": restore.time}}
    if BACKUP_DR.fullmatch(restore.snapshot):
        return {"backupdr_backup": restore.snapshot}
    run = RUN.fullmatch(restore.snapshot)
    if run is None:
        raise ValueError(f"database.restore.snapshot is '{restore.snapshot}'; write '<instance>/<backup run id>'")
    return {"restore_backup_context": {"instance_id": run[1], "backup_run_id": int(run[2])}}
