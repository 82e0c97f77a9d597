"""Every database is copied by a scheduled job or a backup plan: the cloud's own backups die with the account or the region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.resource import ABSENT, UNKNOWN, Resource, Stack
from policies.rule import Config, StackRule
from policies.rules.aws.types import BACKUP_SELECTION, CLUSTER, INSTANCE, TASK
from policies.rules.gcp.types import INSTANCE as CLOUD_SQL
from policies.rules.gcp.types import JOB
from policies.rules.sides import linked
from policies.stack.databases import TYPES, databases
from policies.verdict import Undecided

SCHEDULE = "aws:scheduler/schedule:Schedule"
SCHEDULER_JOB = "gcp:cloudscheduler/job:Job"
PLAN = "gcp:backupdisasterrecovery/backupPlanAssociation:BackupPlanAssociation"

PLANS = {CLUSTER: (BACKUP_SELECTION, "resources"), INSTANCE: (BACKUP_SELECTION, "resources"), CLOUD_SQL: (PLAN, "resource")}
"""Type of a database to the resource that puts it into a backup plan, and the property by which that names it."""

BACKUP = ("backup", "pg_dump")
"""Words of a command that makes a copy: ``python -m operations backup create``."""


def is_backed_up(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """A database that no scheduled backup job reads and no plan names; a replica has the copies of its source."""
    copied: set[str] = set()
    unreadable: list[Undecided] = []
    for job, command, at in _scheduled(stack):
        if command is UNKNOWN:
            unreadable.append(Undecided((at,), job.urn))
        elif any(word in str(part) for part in _words(command) for word in BACKUP):
            copied.update(job.depends_on)
            copied.update(urn for urns in job.property_depends_on.values() for urn in urns)
    for database in databases(stack):
        token, by = PLANS[database.resource.type]
        if database.replica or database.urn in copied or linked(stack, database.urn, token, by):
            continue
        if unreadable:
            yield unreadable[0]
        else:
            yield database.urn, "has no scheduled backup job, and no backup plan names it"


def _scheduled(stack: Stack) -> Iterator[tuple[Resource, Any, str]]:
    """(job, command, property) of everything that runs by the clock."""
    for schedule in stack.of_type(SCHEDULE):
        if schedule.fact("state") == "DISABLED":
            continue
        for task in _targets(stack, schedule, "target", TASK):
            given = schedule.fact("target.input.containerOverrides[*].command")
            found = task.fact("containerDefinitions[*].command") if given is ABSENT else given
            yield task, found, "containerDefinitions" if given is ABSENT else "target.input"
    for schedule in stack.of_type(SCHEDULER_JOB):
        if schedule.fact("paused") is True:
            continue
        for job in _targets(stack, schedule, "httpTarget", JOB):
            for word in ("args", "commands"):
                path = f"template.template.containers[*].{word}"
                yield job, job.fact(path), path


def _targets(stack: Stack, schedule: Resource, by: str, token: str) -> Iterator[Resource]:
    for urn in schedule.property_depends_on.get(by, ()):
        found = stack.get(urn)
        if found is not None and found.type == token:
            yield found


def _words(command: Any) -> Iterator[Any]:
    """The words of commands of several containers."""
    if isinstance(command, list | tuple):
        for item in command:
            yield from _words(item)
    elif command is not ABSENT:
        yield command


RULES = (
    StackRule(
        id="database-backup-job",
        title="A scheduled job or a plan copies every database",
        severity="high",
        remediation="Leave the component Backups in the stack (backups.schedule), or set backups.vault to true.",
        docs="policies/stack/README.md#backups",
        judge=is_backed_up,
        types=(*TYPES, SCHEDULE, TASK, BACKUP_SELECTION, SCHEDULER_JOB, JOB, PLAN),
        dev="mandatory",
    ),
)
