"""What every cluster has inside before any application comes: the role for replication, and databases closed to strangers."""

from __future__ import annotations

from psycopg import sql

from components.local.host.postgres.server import Server


def ensure(primary: Server) -> None:
    """Make role ``replicator`` with the cluster's password; close the databases that every server has. Can be repeated.

    Done when a primary is made, and before each use: an interruption in between must not leave a cluster that nobody can join.
    """
    password = (primary.spec.cluster_dir / "replicator.password").read_text().strip().encode()
    with primary.connect() as connection:
        verifier = connection.pgconn.encrypt_password(password, b"replicator", b"scram-sha-256").decode()
        exists = connection.execute("select 1 from pg_roles where rolname = 'replicator'").fetchone()
        statement = sql.SQL("{} role replicator login replication password {}")
        connection.execute(statement.format(sql.SQL("alter" if exists else "create"), sql.Literal(verifier)))
        connection.execute("revoke all on database postgres, template1 from public")
