"""PostgreSQL parameters: the defaults, which of them need a restart, and the groups that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi_aws as aws

from components.component import Component
from components.names import Scope
from components.settings.database import DatabaseSettings

DEFAULTS = {
    "rds.force_ssl": "1",
    "shared_preload_libraries": "pg_stat_statements,pgaudit",
    "pgaudit.log": "ddl,role",
    "log_min_duration_statement": "1000",
    "log_parameter_max_length": "0",
    "log_statement": "ddl",
    "log_lock_waits": "1",
    "log_temp_files": "10240",
    "idle_in_transaction_session_timeout": "600000",
}
"""TLS only; slow statements (ms) without their values (people's data), schema changes, lock waits and temporary files over
10 MiB (KiB) in the log; audit lines of schema and rights where the extension pgaudit is made; a transaction that does nothing for
ten minutes (ms) is ended, because its locks and its snapshot stop everybody else. Settings win over these."""

OF_REPLICA = {"hot_standby_feedback": "1"}
"""RDS replicas tell the primary what they still read, so that vacuum does not cancel long queries there."""

PER_INSTANCE = frozenset({"maintenance_work_mem", "max_connections", "shared_buffers", "temp_buffers", "work_mem"})
"""Aurora: what depends on an instance's memory goes to the instances' group. All else is the cluster's: ``rds.force_ssl`` and
``rds.logical_replication`` exist only there."""

_STATIC = """
archive_mode autovacuum_freeze_max_age autovacuum_max_workers autovacuum_multixact_freeze_max_age autovacuum_worker_slots
bonjour bonjour_name cluster_name commit_timestamp_buffers config_file data_directory data_sync_retry debug_io_direct
dynamic_shared_memory_type event_source external_pid_file hba_file hot_standby huge_page_size huge_pages ident_file
ignore_invalid_pages io_max_combine_limit io_max_concurrency io_method jit_provider listen_addresses logging_collector
max_active_replication_origins max_connections max_files_per_process max_locks_per_transaction max_logical_replication_workers
max_notify_queue_pages max_pred_locks_per_transaction max_prepared_transactions max_replication_slots max_wal_senders
max_worker_processes min_dynamic_shared_memory multixact_member_buffers multixact_offset_buffers notify_buffers
old_snapshot_threshold port recovery_target recovery_target_action recovery_target_inclusive recovery_target_lsn
recovery_target_name recovery_target_time recovery_target_timeline recovery_target_xid reserved_connections
serializable_buffers shared_buffers shared_memory_type shared_preload_libraries subtransaction_buffers
superuser_reserved_connections track_activity_query_size track_commit_timestamp transaction_buffers unix_socket_directories
unix_socket_group unix_socket_permissions wal_buffers wal_decode_buffer_size wal_level wal_log_hints
cron.database_name pg_stat_statements.max rds.logical_replication
"""
STATIC = frozenset(_STATIC.split())
"""Read at the start of the server only: PostgreSQL's ``postmaster`` context, versions 14 to 18, and such ones of extensions."""

DEFAULT_ON_RDS = frozenset({"rds.force_ssl"})
"""Dynamic, but RDS's own value since version 15; RDS then reports ``pending-reboot``, and anything else differs for ever."""


def apply_method(name: str) -> str:
    """How RDS must be told to apply *name*; ``immediate`` for a static one is refused."""
    return "pending-reboot" if name in STATIC | DEFAULT_ON_RDS else "immediate"


def merged(settings: DatabaseSettings, *, replica: bool = False) -> dict[str, str]:
    """The defaults (and a replica's own) with the user's parameters over them."""
    return {**DEFAULTS, **(OF_REPLICA if replica else {}), **settings.parameters}


def of_cluster(settings: DatabaseSettings) -> dict[str, str]:
    """What an Aurora cluster's group holds."""
    return {name: value for name, value in merged(settings).items() if name not in PER_INSTANCE}


def of_instances(settings: DatabaseSettings) -> dict[str, str]:
    """What the group of Aurora's instances holds."""
    return {name: value for name, value in merged(settings).items() if name in PER_INSTANCE}


def cluster_group(
    component: Component, scope: Scope, settings: DatabaseSettings, values: Mapping[str, str]
) -> aws.rds.ClusterParameterGroup:
    """Group ``<component>-cluster-parameters`` of Aurora's family. See :func:`instance_group` for its life."""
    return aws.rds.ClusterParameterGroup(
        **_arguments(component, scope, "cluster-parameters", "aurora-postgresql", settings, values)
    )


def instance_group(
    component: Component, scope: Scope, role: str, engine: str, settings: DatabaseSettings, values: Mapping[str, str]
) -> aws.rds.ParameterGroup:
    """Group ``<component>-<role>`` of *engine*'s family.

    Another major version means another family and so another group: made first under a name of its own, then taken by the
    database, while the old one stays at AWS, where the old version may need it until its restart (terraform-provider-aws#6448).
    A group costs nothing.
    """
    return aws.rds.ParameterGroup(**_arguments(component, scope, role, engine, settings, values))


def _arguments(
    component: Component, scope: Scope, role: str, engine: str, settings: DatabaseSettings, values: Mapping[str, str]
) -> dict[str, Any]:
    name = f"{component.name}-{role}"
    return {
        "resource_name": name,
        "name_prefix": f"{scope.physical(role, limit=200)}-",
        "family": f"{engine}{settings.major}",
        "description": f"{scope.physical()}: PostgreSQL {settings.major}",
        "parameters": [{"name": key, "value": value, "apply_method": apply_method(key)} for key, value in sorted(values.items())],
        "tags": scope.named(name),
        "opts": component.child(retain_on_delete=True),
    }
