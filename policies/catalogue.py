"""Every rule, in the order of the tables."""

from __future__ import annotations

from policies.rule import AnyRule
from policies.rules import cache, containers, database, durability, edge, logs, network, own, registry, secrets, storage, upkeep
from policies.stack import alarms, backups, cost, coverage, drill, lifecycle, parity, protection
from policies.stack import logs as database_logs

RULES: tuple[AnyRule, ...] = (
    *database.RULES,
    *durability.RULES,
    *upkeep.RULES,
    *network.RULES,
    *containers.RULES,
    *edge.RULES,
    *cache.RULES,
    *storage.RULES,
    *registry.RULES,
    *secrets.RULES,
    *logs.RULES,
    *own.RULES,
    *alarms.RULES,
    *backups.RULES,
    *database_logs.RULES,
    *protection.RULES,
    *lifecycle.RULES,
    *parity.RULES,
    *cost.RULES,
    *drill.RULES,
    *coverage.RULES,
)
