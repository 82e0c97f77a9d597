"""Clusters of a test's own: to be killed, promoted, filled up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from components.local.host import cluster, node
from tests.support import LocalPostgres, running_postgres


@pytest.fixture
def single() -> Iterator[LocalPostgres]:
    """One running primary, without an application database."""
    with running_postgres(up=False) as postgres:
        cluster.ensure(postgres.cluster_dir)
        node.ensure(postgres.nodes[0])
        yield postgres


@pytest.fixture
def pair() -> Iterator[LocalPostgres]:
    """A primary and its standby, with the application's database and a table ``t (n int)``."""
    import psycopg

    with running_postgres(nodes=2) as postgres:
        with psycopg.connect(postgres.url(admin=True)) as session:
            session.execute("create table t (n int)")
        yield postgres
