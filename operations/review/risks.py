"""Which changes lose data, or take away what would have stopped such a change: worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from operations.review.graph import Graph
from operations.review.match import matched
from operations.review.model import Change, Kind, Operation, Risk
from policies.resource import Resource
from policies.stateful import STATEFUL
from policies.values import ABSENT, UNKNOWN

ORDER = (Operation.DELETE, Operation.REPLACE, Operation.UNPROTECT)

ON, OFF, MORE = "on", "off", "more"

UNTIL_DELETED = "the cloud refuses to delete it"
LAST_BACKUP = "a last backup is taken when it is deleted"
OUTLIVES = "its backups outlive it"
DAYS = "days that can be restored"
CLOUD_SQL = "settings.backupConfiguration"
GUARDS: tuple[tuple[str, str, bool, str], ...] = (
    ("deletionProtection", ON, False, UNTIL_DELETED),
    ("settings.deletionProtectionEnabled", ON, False, UNTIL_DELETED),
    ("skipFinalSnapshot", OFF, True, LAST_BACKUP),
    ("settings.finalBackupConfig.enabled", ON, False, LAST_BACKUP),
    ("deleteAutomatedBackups", OFF, False, OUTLIVES),
    ("settings.retainBackupsOnDelete", ON, False, OUTLIVES),
    ("forceDestroy", OFF, True, "it is deleted only when it is empty"),
    ("forceDelete", OFF, True, "it is deleted only when it is empty"),
    ("backupRetentionPeriod", MORE, False, DAYS),
    ("snapshotRetentionLimit", MORE, False, DAYS),
    (f"{CLOUD_SQL}.enabled", ON, False, "it is backed up"),
    (f"{CLOUD_SQL}.pointInTimeRecoveryEnabled", ON, False, "it can be restored to any second of the last days"),
    (f"{CLOUD_SQL}.backupRetentionSettings.retainedBackups", MORE, False, "backups that are kept"),
    (f"{CLOUD_SQL}.transactionLogRetentionDays", MORE, False, DAYS),
)
"""A property, how it must be to keep data safe, whether it is so where it is not set, and what it does."""


def risks(changes: Iterable[Change], before: Graph, after: Graph) -> tuple[Risk, ...]:
    """Every risk of *changes*, deletions first, then replacements, then lost protection, each by name."""
    found = [*_lost(tuple(changes), before), *_unguarded(before, after)]
    return tuple(sorted(found, key=lambda risk: (ORDER.index(risk.operation), risk.resource.urn, risk.reason)))


def _lost(changes: tuple[Change, ...], before: Graph) -> Iterator[Risk]:
    added = [change.resource for change in changes if change.kind is Kind.ADDED]
    for change in changes:
        item = change.resource
        holds = STATEFUL.get(item.type)
        if not holds or change.kind not in (Kind.REMOVED, Kind.REPLACED):
            continue
        if change.kind is Kind.REPLACED:
            yield Risk(Operation.REPLACE, item, holds, f"{change.reason}.", REPLACED)
        elif item.urn not in before.retained:
            yield Risk(Operation.DELETE, item, holds, f"The program no longer makes it.{_protected(item)}", _deleted(item, added))


REPLACED = "Keep the old value; or make a second one beside it, move the data, and retire the old one in a later change."
DELETED = "Keep it in the program; or take a last backup, end its protection in a change of its own, and delete it in the next."


def _deleted(item: Resource, added: list[Resource]) -> str:
    like = sorted(other.name for other in added if other.type == item.type)
    if not like:
        return DELETED
    return f"If {like[0]} is the same one renamed, give it an alias (ResourceOptions.aliases): nothing is lost then. {DELETED}"


def _protected(item: Resource) -> str:
    return " It is protected, so the deployment will stop there." if item.protect else ""


def _unguarded(before: Graph, after: Graph) -> Iterator[Risk]:
    olds = matched(before, after)
    for item in after.stack.resources:
        holds, old = STATEFUL.get(item.type), before.stack.get(olds.get(item.urn, ""))
        if not holds or old is None:
            continue
        if old.protect and not item.protect:
            yield Risk(Operation.UNPROTECT, item, holds, "protect goes from true to false: nothing stops its deletion.", GUARDED)
        for path, wanted, unset, does in GUARDS:
            if _weaker(old.fact(path), item.fact(path), wanted, unset):
                yield Risk(Operation.UNPROTECT, item, holds, _sentence(path, wanted, does), GUARDED)


GUARDED = "Keep it as it was, unless this change is the first of two that retire it on purpose."


def _sentence(path: str, wanted: str, does: str) -> str:
    if wanted == MORE:
        return f"{path} goes down: fewer {does}."
    return f"{path} is switched {OFF if wanted == ON else ON}. Until now: {does}."


def _weaker(old: Any, new: Any, wanted: str, unset: bool) -> bool:
    """Whether *new* keeps data less safe than *old*. What is not known is not judged here: a policy does."""
    if UNKNOWN in (old, new):
        return False
    if wanted == MORE:
        return isinstance(old, int) and old > (new if isinstance(new, int) else 0)
    was, still = (unset if value is ABSENT else value is (wanted == ON) for value in (old, new))
    return was and not still
