"""The store of the backups: can it be asked, and is its newest dump good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from operations.condition.last import last_backup
from operations.condition.text import ago
from operations.doctor.check import Check, failed, ok, warning

OLD = timedelta(days=2)
"""The backups' schedule is daily by default: a dump that is older means that one run failed or the schedule was changed."""


def backups(environ: Mapping[str, str], destination: str | None, now: datetime | None = None) -> Iterator[Check]:
    """Nothing where no store is named here."""
    found = last_backup(environ, destination, environ.get("DB_NAME", ""))
    moment = now or datetime.now(UTC)
    if found is None:
        return
    if found.problem:
        yield failed("backups", found.problem, "check the store's name, and that this identity may read it")
    elif found.name is None or found.started is None:
        yield warning("backups", f"no good dump in {found.where}", "run `python -m operations backup create`")
    elif found.spoilt:
        mend = "see which with `python -m operations backup list`, and make a new one with `backup create`"
        yield failed("backups", f"{found.spoilt} are lost or corrupt in {found.where}", mend)
    elif moment - found.started > OLD:
        mend = "look at the log of the backups' job, then run `python -m operations backup create`"
        yield warning("backups", f"the newest good dump is of {ago(found.started, moment)}", mend)
    else:
        yield ok("backups", f"{found.name} of {ago(found.started, moment)}, in {found.where}")
