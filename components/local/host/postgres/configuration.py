"""The settings of a server: which are ours, the text of ``managed.conf``, and refusing a bad value before it does harm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from components.local.host.errors import LocalError
from components.local.host.files import write_file
from components.local.host.postgres import tls
from components.local.host.postgres.accounts import Account
from components.local.host.postgres.binaries import Binaries
from components.local.host.postgres.spec import NodeSpec

MAIN = "# Written by managed-postgres; settings are changed by database.parameters.\ninclude 'managed.conf'\n"
"""postgresql.conf of every node."""

HBA = """\
# Written by managed-postgres. First match wins: TLS and SCRAM from this machine, nothing else. Sockets are off; the first line
# serves only pg_upgrade, which opens one in a private folder for its own use.
local    all          postgres                     scram-sha-256
hostssl  replication  replicator  127.0.0.0/8      scram-sha-256
hostssl  all          replicator  0.0.0.0/0        reject
hostssl  all          all         127.0.0.0/8      scram-sha-256
host     all          all         0.0.0.0/0        reject
host     all          all         ::/0             reject
"""

DEFAULTS = {
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_duration_statement": "1000",
    "log_parameter_max_length": "0",  # no values of slow statements in the log: they are people's data
    "log_lock_waits": "on",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "idle_in_transaction_session_timeout": "10min",
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "wal_keep_size": "256MB",
    "wal_receiver_timeout": "15s",
    "wal_sender_timeout": "15s",
    # The default of 5 s is tuned for networks; here a restarted primary should be followed at once.
    "wal_retrieve_retry_interval": "500ms",
}
"""Settings that database.parameters may override."""

STANDBY_FLOORS = {
    "max_connections": ("max_connections setting", 100),
    "max_worker_processes": ("max_worker_processes setting", 8),
    "max_wal_senders": ("max_wal_senders setting", 10),
    "max_prepared_transactions": ("max_prepared_xacts setting", 0),
    "max_locks_per_transaction": ("max_locks_per_xact setting", 64),
}
"""Settings that a standby must not have lower than the WAL it replays: their names in pg_controldata, PostgreSQL's defaults."""

# fmt: off
_RESERVED = frozenset({
    "listen_addresses", "port", "unix_socket_directories", "data_directory", "config_file", "hba_file", "ident_file",
    "external_pid_file", "include", "include_dir", "include_if_exists", "ssl", "ssl_cert_file", "ssl_key_file",
    "ssl_ca_file", "ssl_min_protocol_version", "password_encryption", "fsync", "full_page_writes", "wal_level",
    "hot_standby", "hot_standby_feedback", "primary_conninfo", "primary_slot_name", "recovery_target_timeline",
    "restart_after_crash", "cluster_name", "allow_alter_system", "logging_collector", "log_destination",
})
# fmt: on
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?")


def effective(spec: NodeSpec, peers: Iterable[NodeSpec], floors: Mapping[str, int] | None = None) -> dict[str, str]:
    """All settings of *spec*'s server.

    :param peers: the other nodes; the server streams from whichever of them is the primary.
    :param floors: settings that must be higher just now than wanted, see :func:`floors_over`.
    :raises LocalError: a parameter is managed by us, or is no parameter's name.
    """
    given = {name.lower(): value for name, value in spec.parameters.items()}
    _require_free_names(given)
    libraries = [item.strip() for item in given.pop("shared_preload_libraries", "").split(",") if item.strip()]
    if "pg_stat_statements" not in libraries:
        libraries.insert(0, "pg_stat_statements")
    raised = {name: str(value) for name, value in (floors or {}).items()}
    return DEFAULTS | given | _fixed(spec, list(peers)) | {"shared_preload_libraries": ",".join(libraries)} | raised


def floors_over(settings: Mapping[str, str], control: Mapping[str, str]) -> dict[str, int]:
    """The settings that a standby must keep higher than *settings* until it has replayed the primary's reduction.

    :param control: what pg_controldata says of the standby's data.
    """
    floors = {}
    for name, (label, default) in STANDBY_FLOORS.items():
        wanted, needed = settings.get(name, str(default)), control.get(label, "0")
        if wanted.isdigit() and int(needed) > int(wanted):
            floors[name] = int(needed)
    return floors


def render(settings: Mapping[str, str]) -> str:
    """The text of ``managed.conf``: one quoted setting per line, sorted."""
    lines = (f"{name} = {_quote(value)}\n" for name, value in sorted(settings.items()))
    return "# Written by managed-postgres; edits are overwritten.\n" + "".join(lines)


def parse(text: str) -> dict[str, str]:
    """Back from :func:`render`, for saying what differs."""
    parts = (line.partition(" = ") for line in text.splitlines() if " = " in line)
    return {name: value for name, _, value in parts}


def validate(text: str, *, spec: NodeSpec, binaries: Binaries, account: Account) -> None:
    """Let the server's own program read *text*, without touching data or a running server.

    :raises LocalError: a name or value is not accepted; the sentence names the parameter.
    """
    candidate = spec.folder / "candidate.conf"
    write_file(candidate, text, owner=account)
    try:
        answer = account.run(
            [binaries.tool("postgres"), "-D", spec.folder, f"--config-file={candidate}", "-C", "port"],
            cwd=spec.folder,
            environment=binaries.environment,
            seconds=30,
        )
    finally:
        candidate.unlink(missing_ok=True)
    if answer.returncode != 0:
        raise LocalError(f"PostgreSQL {spec.version} refuses database.parameters: {_complaints(answer.stderr, candidate)}.")


def write(data: Path, text: str, account: Account) -> None:
    """Put our configuration files into the data directory *data*."""
    write_file(data / "postgresql.conf", MAIN, owner=account)
    write_file(data / "pg_hba.conf", HBA, owner=account)
    write_file(data / "managed.conf", text, owner=account)


def _fixed(spec: NodeSpec, peers: list[NodeSpec]) -> dict[str, str]:
    settings = {
        "listen_addresses": spec.address,
        "port": str(spec.port),
        "unix_socket_directories": "",
        "cluster_name": spec.node,
        "ssl": "on",
        "ssl_cert_file": str(tls.server_certificate(spec.tls)),
        "ssl_key_file": str(tls.server_key(spec.tls)),
        "ssl_min_protocol_version": "TLSv1.2",
        "password_encryption": "scram-sha-256",
        "fsync": "on",
        "full_page_writes": "on",
        "wal_level": "replica",
        "hot_standby": "on",
        "hot_standby_feedback": "on",
        "recovery_target_timeline": "latest",
    }
    if spec.version >= 17:
        settings["allow_alter_system"] = "off"  # settings have one home
    if peers:
        settings["primary_conninfo"] = conninfo(spec, peers)
    return settings


def conninfo(spec: NodeSpec, peers: list[NodeSpec]) -> str:
    """How a standby reaches its primary: all peers are named and the writable one is taken, so it follows a promotion."""
    return (
        f"host={','.join(peer.address for peer in peers)} port={','.join(str(peer.port) for peer in peers)} "
        f"user=replicator passfile='{spec.folder / 'replication.pgpass'}' sslmode=verify-full sslrootcert='{spec.ca}' "
        f"target_session_attrs=read-write application_name={spec.node} connect_timeout=3 gssencmode=disable"
    )


def _require_free_names(given: Mapping[str, str]) -> None:
    for name, value in given.items():
        if name in _RESERVED:
            hint = "; set database.port" if name == "port" else ""
            raise LocalError(f"database.parameters: {name} is managed by this program; remove it{hint}.")
        if not _NAME.fullmatch(name):
            raise LocalError(f"database.parameters: {name!r} is not the name of a PostgreSQL parameter.")
        if "\n" in value or "\0" in value:
            raise LocalError(f"database.parameters: the value of {name} must be one line.")


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _complaints(stderr: str, candidate: Path) -> str:
    """The server's own words on the bad parameters, without time stamps and file names."""
    words = re.findall(r"(?:LOG|ERROR|FATAL|HINT):\s+(.*)", stderr)
    kept = [re.sub(rf' in file "{re.escape(str(candidate))}".*', "", item).rstrip(".") for item in words]
    noise = ("contains errors", "postgresql.auto.conf")
    return (
        "; ".join(item for item in kept if not any(words in item for words in noise))
        or " ".join(stderr.split())
        or "no reason given"
    )
