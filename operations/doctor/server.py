"""What the writer says of itself: version, TLS, rights, extensions, room that is left, clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import psycopg
from psycopg.conninfo import make_conninfo

from operations.condition.session import Asked, asking
from operations.doctor.check import Check, failed, ok, warning
from operations.errors import OperationError

MAJORS = range(14, 19)
"""Major versions that this program makes and its tests know (components/settings/database.py)."""
WARN_PERCENT, FAIL_PERCENT = 80, 95
"""Of the connections; the first is the alarms' default."""
WARN_IDS, FAIL_IDS = 50, 90
"""Percent of the transaction ids; the first is the alarms' default."""
WARN_CLOCK, FAIL_CLOCK = 5.0, 240.0
"""Seconds between the clocks. AWS refuses signatures that are 300 s off."""
SLOT_BYTES = 1 << 30
"""WAL that a replication slot without a reader may hold back."""


def server(conninfo: str) -> Iterator[Check]:
    """The login, then everything that needs one."""
    try:
        with asking(conninfo, "doctor") as asked:
            info = asked.info
            yield ok("login", f"{info.user} at {info.host}:{info.port}/{info.dbname}, which takes writes")
            yield from (_asked(asked, look) for look in LOOKS)
            yield _plain_text(conninfo, asked)
    except OperationError as error:
        text, _, mend = str(error).rpartition("; ")
        yield failed("login", text or mend, mend if text else "check the variables of the environment")


def _asked(server: Asked, look: Callable[[Asked], Check]) -> Check:
    try:
        return look(server)
    except psycopg.Error as error:
        name = look.__name__.strip("_").replace("_", " ")
        return warning(name, f"cannot be asked: {' '.join(str(error).split())}", "log in as the owner of the database")


def _version(server: Asked) -> Check:
    version, major = server.info.parameter_status("server_version") or "", server.info.server_version // 10000
    if major in MAJORS:
        return ok("version", f"PostgreSQL {version.split()[0]}")
    known = f"{MAJORS[0]} to {MAJORS[-1]}"
    return warning("version", f"PostgreSQL {version} is not one of {known}", f"set database.version to one of {known}")


def _tls(server: Asked) -> Check:
    secured, version, cipher = server.row("SELECT ssl, version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    if secured:
        return ok("TLS", f"{version}, {cipher}")
    if not server.encrypted:
        return failed("TLS", "this session is in plain text", "set DB_SSL_MODE to verify-full")
    return ok("TLS", "this side is encrypted; a pooler stands in between")


def _rights(server: Asked) -> Check:
    user = server.info.user
    superuser, creates, monitors = server.row(
        "SELECT rolsuper, has_schema_privilege('public', 'CREATE'), pg_has_role('pg_monitor', 'USAGE') "
        "FROM pg_roles WHERE rolname = current_user",
    )
    if superuser:
        return warning("rights", f"{user} is a superuser", "log in as the owner: the program needs no superuser")
    if not creates:
        return ok("rights", f"{user} may not change the schema, as an application should")
    if not monitors:
        return warning("rights", f"{user} owns the schema but sees only its own sessions", f"run GRANT pg_monitor TO {user}")
    return ok("rights", f"{user} may change the schema and sees all sessions")


def _statistics(server: Asked) -> Check:
    (loaded,) = server.row("SELECT current_setting('pg_stat_statements.max', true) IS NOT NULL")
    rows = server.rows("SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'pg_stat_statements'")
    installed, newest = rows[0] if rows else (None, None)
    if not loaded:
        mend = "add it to shared_preload_libraries (database.parameters) and restart the server; `top` needs it"
        return warning("statistics", "pg_stat_statements is not loaded", mend)
    if installed is None:
        mend = f"run CREATE EXTENSION pg_stat_statements in {server.info.dbname} as its administrator; `top` needs it"
        return warning("statistics", "pg_stat_statements is not in this database", mend)
    if installed != newest:
        mend = f"run ALTER EXTENSION pg_stat_statements UPDATE in {server.info.dbname}"
        return warning("statistics", f"pg_stat_statements is {installed}, the server has {newest}", mend)
    return ok("statistics", f"pg_stat_statements {installed}")


def _integrity(server: Asked) -> Check:
    if server.rows("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"):
        return ok("integrity", "amcheck can be had")
    mend = "install the server's contrib modules; drills check counts only without it"
    return warning("integrity", "amcheck cannot be had", mend)


def _connections(server: Asked) -> Check:
    used, most = server.row(
        "SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity WHERE backend_type = 'client backend'",
    )
    found, percent = f"{used} of {most}", 100 * used / most
    if percent < WARN_PERCENT:
        return ok("connections", found)
    mend = "see who holds them with `top --activity`; use smaller pools, database.pooling, or a larger database.size"
    return (failed if percent >= FAIL_PERCENT else warning)("connections", found, mend)


def _transaction_ids(server: Asked) -> Check:
    (percent,) = server.row("SELECT (100.0 * max(age(datfrozenxid)) / 2147483648)::float8 FROM pg_database")
    found = f"{percent:.1f} % are used"
    if percent < WARN_IDS:
        return ok("transaction ids", found)
    mend = "end old transactions and drop dead replication slots (`status` names the oldest), then run VACUUM FREEZE"
    return (failed if percent >= FAIL_IDS else warning)("transaction ids", found, mend)


def _slots(server: Asked) -> Check:
    rows = server.rows(
        "SELECT slot_name, pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint FROM pg_replication_slots "
        "WHERE NOT active AND restart_lsn IS NOT NULL ORDER BY 2 DESC"
    )
    large = [(name, size) for name, size in rows if size > SLOT_BYTES]
    if not large:
        return ok("replication slots", f"{len(rows)} without a reader" if rows else "none is left without a reader")
    found = ", ".join(f"{name} holds back {size >> 20} MiB of WAL" for name, size in large)
    mend = "bring its reader back, or run SELECT pg_drop_replication_slot('...'): the disk fills otherwise"
    return warning("replication slots", found, mend)


def _indexes(server: Asked) -> Check:
    rows = server.rows("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid ORDER BY 1")
    if not rows:
        return ok("indexes", "all are valid")
    names = ", ".join(name for (name,) in rows)
    return warning(
        "indexes", f"not valid, left by a failed CONCURRENTLY: {names}", "run DROP INDEX CONCURRENTLY, then make it again"
    )


def _clock(server: Asked) -> Check:
    before = datetime.now(UTC)
    (there,) = server.row("SELECT clock_timestamp()")
    here = before + (datetime.now(UTC) - before) / 2
    apart = abs((there - here).total_seconds())
    found = f"{apart:.1f} s from the server's"
    if apart < WARN_CLOCK:
        return ok("clock", found)
    mend = "set this machine's clock (chrony, systemd-timesyncd): tokens, signatures and certificates rest on it"
    return (failed if apart >= FAIL_CLOCK else warning)("clock", found, mend)


LOOKS = (_version, _tls, _rights, _statistics, _integrity, _connections, _transaction_ids, _slots, _indexes, _clock)


def _plain_text(conninfo: str, server: Asked) -> Check:
    """Whether the server would let anybody in without TLS. Tried without a password: none is ever sent in plain text."""
    at = make_conninfo(
        conninfo, host=server.info.host, sslmode="disable", password="", passfile="/nonexistent", connect_timeout=5,
        target_session_attrs="any", application_name="managed-postgres doctor",
    )  # fmt: skip
    try:
        psycopg.connect(at).close()
    except psycopg.Error as error:
        if "pg_hba.conf" in str(error) or "no encryption" in str(error):
            return ok("plain text", "the server refuses it")
    mend = "allow only hostssl in pg_hba.conf (RDS: rds.force_ssl, Cloud SQL: ENCRYPTED_ONLY; all stacks here do)"
    return warning("plain text", "the server takes logins without TLS", mend)
