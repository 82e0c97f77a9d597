"""The tier table: what a stack gets when its file says nothing. Every value can be overridden there.

Sources: retention 7/30 days, HA and readers, instance sizes and thresholds from the Aurora production guide; health checks from
the AWS production guide; sizes are classes whose meaning per cloud is in that cloud's README.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One default. ``*`` in the key stands for every name."""

    key: str
    dev: Any
    staging: Any
    prod: Any


TIERS = (
    #   key                               dev         staging     prod
    Row("environment", "dev", "staging", "production"),
    Row("network.availability_zones", 2, 2, 3),
    Row("network.nat", "single", "single", "per-zone"),
    Row("database.size", "small", "medium", "large"),
    Row("database.ha", False, False, True),
    Row("database.readers", 0, 0, 1),
    Row("database.storage.size_gib", 20, 50, 100),
    Row("database.storage.max_size_gib", 100, 500, 1000),
    Row("database.backup.retention_days", 7, 14, 30),
    Row("database.maintenance.track", "canary", "stable", "week5"),
    Row("database.apply_immediately", True, True, False),
    Row("database.deletion_protection", False, False, True),
    Row("database.final_backup", False, True, True),
    Row("database.insights", "standard", "standard", "advanced"),
    Row("database.log_retention_days", 7, 30, 365),
    Row("services.*.spot", True, False, False),
    Row("services.*.log_retention_days", 7, 30, 365),
    Row("jobs.*.log_retention_days", 7, 30, 365),
    Row("services.*.scaling.min", 1, 1, 2),
    Row("services.*.scaling.max", 1, 2, 6),
    Row("ingress.waf", False, False, True),
    Row("cache.ha", False, False, True),
    Row("backups.deletion_protection", False, False, True),
    Row("buckets.*.deletion_protection", False, False, True),
)

TIER_NAMES = tuple(Row._fields[1:])


class ProviderRow(NamedTuple):
    """A default that one provider has otherwise than all others."""

    key: str
    others: Any
    gcp: Any


PROVIDERS = (
    #           key                     others      gcp
    ProviderRow("cache.engine", "valkey", "redis"),
    ProviderRow("cache.version", "8", "7.2"),
    ProviderRow("services.*.cpu", 0.5, 1),
    ProviderRow("jobs.*.cpu", 0.5, 1),
)
"""Memorystore has a password for Redis only, at most 7.2; Cloud Run's second generation begins at a whole CPU."""

SERVICE_KINDS: dict[str, dict[str, Any]] = {
    "backend": {
        "port": 8000,
        "health_check": {"ready_path": "/readyz", "interval_seconds": 60, "timeout_seconds": 30, "start_period_seconds": 120},
    },
    "frontend": {"port": 80, "health_check": {"interval_seconds": 30, "timeout_seconds": 10, "start_period_seconds": 60}},
}
"""Defaults by kind of service, from the AWS production guide."""


def with_defaults(tier: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """*given* with the tier's, its provider's and the service kinds' defaults beneath it; *given* wins, key by key.

    Blocks that the stack file leaves out altogether stay out when they are optional there (cache, services).
    """
    settings = dict(given)
    for row in TIERS:
        _set_default(settings, row.key.split("."), getattr(row, tier))
    for choice in PROVIDERS:
        _set_default(settings, choice.key.split("."), choice.gcp if given.get("provider") == "gcp" else choice.others)
    for name, service in _services(settings).items():
        kind = service.get("kind", "backend")
        defaults = SERVICE_KINDS.get(kind, {}) if isinstance(kind, str) else {}
        settings["services"][name] = merge(defaults, service)
    return settings


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings in one, block by block; *above* wins."""
    merged = dict(below)
    for key, value in above.items():
        beneath = merged.get(key)
        merged[key] = merge(beneath, value) if isinstance(beneath, Mapping) and isinstance(value, Mapping) else value
    return merged


def _services(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    services = settings.get("services")
    if not isinstance(services, Mapping):
        return {}
    return {name: dict(service) for name, service in services.items() if isinstance(service, Mapping)}


def _set_default(settings: dict[str, Any], path: list[str], value: Any) -> None:
    """Put *value* at *path* unless something is there. Values of a wrong type are left for the validation to name."""
    head, *rest = path
    if not rest:
        settings.setdefault(head, value)
        return
    if head == "*":
        for name in list(settings):
            if isinstance(settings[name], Mapping):
                settings[name] = dict(settings[name])
                _set_default(settings[name], rest, value)
        return
    optional = head in ("cache", "services", "jobs", "buckets")
    block = settings.get(head, None if optional else {})
    if isinstance(block, Mapping):
        settings[head] = dict(block)
        _set_default(settings[head], rest, value)
