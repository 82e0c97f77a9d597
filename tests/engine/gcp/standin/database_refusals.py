"""What Cloud SQL refuses: editions, machines, disks, replicas, versions, private addresses, deletion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.engine.gcp.standin.facts import INSTANCE
from tests.engine.standin.cloud import OnChange, OnCreate, Values
from tests.engine.standin.world import Record, World


def _name(world: World, token: str, inputs: Values) -> Iterator[str]:
    if token.endswith(INSTANCE) and inputs["name"] in world.noted("deleted-instance"):
        yield f"Error 409: The Cloud SQL instance {inputs['name']} already exists; its name was deleted less than a week ago"


def _settings(world: World, token: str, inputs: Values) -> Iterator[str]:
    """Edition and machine, edition and its extras, standby and backups, days of logs."""
    if not token.endswith(INSTANCE):
        return
    settings = inputs["settings"]
    plus = settings.get("edition", "ENTERPRISE_PLUS") == "ENTERPRISE_PLUS"
    if plus != settings["tier"].startswith("db-perf-optimized-"):
        yield f"Invalid Tier ({settings['tier']}) for ({settings.get('edition', 'ENTERPRISE_PLUS')}) Edition"
    for key in ("connectionPoolConfigs", "dataCacheConfig"):
        if settings.get(key) and not plus:
            yield f"{key} is only supported for ENTERPRISE_PLUS"
    backups = settings.get("backupConfiguration", {})
    if inputs.get("masterInstanceName"):
        if backups:
            yield "backup configuration is not supported for read replicas"
    elif settings.get("availabilityType") == "REGIONAL" and not (
        backups.get("enabled") and backups.get("pointInTimeRecoveryEnabled")
    ):
        yield "automated backups and point-in-time recovery must be enabled for a REGIONAL instance"
    if backups.get("transactionLogRetentionDays", 7) > (35 if plus else 7):
        yield "transaction_log_retention_days is out of range for the edition"


def _private(world: World, token: str, inputs: Values) -> Iterator[str]:
    """A private address needs the network's connection to Google's services."""
    if not token.endswith(INSTANCE):
        return
    network = inputs["settings"]["ipConfiguration"].get("privateNetwork")
    own = [record.id for record in world.all("compute/network:Network")]
    connected = [record.inputs["network"] for record in world.all("servicenetworking/connection:Connection")]
    if network in own and network not in connected:
        yield "NETWORK_NOT_PEERED: the network does not have at least 1 private services connection"


def _replica(world: World, token: str, inputs: Values) -> Iterator[str]:
    source = inputs.get("masterInstanceName")
    if not token.endswith(INSTANCE) or not source:
        return
    found = [record for record in world.all(INSTANCE) if record.facts["name"] == source]
    if not found:
        yield f"the primary instance {source} does not exist"
    elif _memory(inputs) < _memory(found[0].inputs):
        yield "the tier of a read replica cannot be smaller than that of its primary"


def _larger_than_replica(world: World, record: Record, inputs: Values) -> Iterator[str]:
    """A primary grows after its replicas."""
    if not record.type.endswith(INSTANCE) or inputs["settings"]["tier"] == record.inputs["settings"]["tier"]:
        return
    small = [item.facts["name"] for item in _replicas(world, record) if _memory(item.inputs) < _memory(inputs)]
    if small:
        yield f"master can't be larger than replica: {', '.join(small)}"
    yield from _replica(world, record.type, inputs)


def _disk(world: World, record: Record, inputs: Values) -> Iterator[str]:
    if record.type.endswith(INSTANCE):
        has, wanted = record.outputs["settings"].get("diskSize", 0), inputs["settings"].get("diskSize", 0)
        if wanted < has:
            yield f"Invalid request: disk size cannot decrease from {has:g} to {wanted:g}"


def _version(world: World, record: Record, inputs: Values) -> Iterator[str]:
    """Up only, and a replica follows its primary."""
    if not record.type.endswith(INSTANCE):
        return
    has, wanted = record.facts["databaseVersion"], inputs["databaseVersion"]
    if int(wanted.rpartition("_")[2]) < int(has.rpartition("_")[2]):
        yield f"cannot downgrade from {has} to {wanted}"
    if wanted != has and record.facts.get("masterInstanceName") and not record.facts["settings"].get("ipConfiguration"):
        yield "a read replica is upgraded with its primary"


def _restored_over(world: World, record: Record, inputs: Values) -> Iterator[str]:
    """No refusal of Google's: it would do it. Nothing that we send may ask for it."""
    for key in ("restoreBackupContext", "backupdrBackup"):
        if record.type.endswith(INSTANCE) and inputs.get(key) and inputs[key] != record.inputs.get(key):
            yield f"{key} would be restored over the data of today"


def _private_for_good(world: World, record: Record, inputs: Values) -> Iterator[str]:
    if record.type.endswith(INSTANCE):
        before, after = (item["settings"]["ipConfiguration"].get("privateNetwork") for item in (record.inputs, inputs))
        if before and not after:
            yield "private_network cannot be removed once it is set"


def _protected(world: World, record: Record, state: Values) -> Iterator[str]:
    """Both levels: the provider goes by its state, Google by what it has been told."""
    if record.type.endswith(INSTANCE):
        if state.get("deletionProtection", True):
            yield f"Error, failed to delete instance because deletion_protection is set to true: {record.id}"
        if record.facts["settings"].get("deletionProtectionEnabled"):
            yield f"The instance is protected. Please disable the deletion protection and try again: {record.id}"


def _with_replicas(world: World, record: Record, state: Values) -> Iterator[str]:
    if record.type.endswith(INSTANCE):
        names = [item.facts["name"] for item in _replicas(world, record)]
        if names:
            yield f"the instance has read replicas: {', '.join(names)}"


def _owns_objects(world: World, record: Record, state: Values) -> Iterator[str]:
    """Every user and database of ours is used: PostgreSQL drops none of them by itself."""
    if record.type.endswith(("sql/user:User", "sql/database:Database")):
        what = 'role "{}" cannot be dropped because some objects depend on it'
        if record.type.endswith("Database"):
            what = 'database "{}" is being accessed by other users'
        yield what.format(record.facts["name"])


def _replicas(world: World, record: Record) -> list[Record]:
    return [item for item in world.all(INSTANCE) if item.inputs.get("masterInstanceName") == record.facts["name"]]


def _memory(inputs: dict[str, Any]) -> int:
    """MiB of the machine."""
    tier = inputs["settings"]["tier"]
    custom, fixed = re.fullmatch(r"db-custom-\d+-(\d+)", tier), re.fullmatch(r"db-perf-optimized-N-(\d+)", tier)
    return int(custom[1]) if custom else 8192 * int(fixed[1]) if fixed else {"db-f1-micro": 614, "db-g1-small": 1740}[tier]


CREATE: tuple[OnCreate, ...] = (_name, _settings, _private, _replica)
UPDATE: tuple[OnChange, ...] = (
    *(_larger_than_replica, _disk, _version, _restored_over, _private_for_good),
    lambda world, record, inputs: _settings(world, record.type, inputs),
)
DELETE: tuple[OnChange, ...] = (_protected, _with_replicas, _owns_objects)
