"""Clusters to be killed, promoted, filled up: one of each kind per test file, made whole again before every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import psycopg
import pytest

from components.local.host.postgres import cluster, node
from tests.support import LocalPostgres, running_postgres


@pytest.fixture(scope="module")
def _single() -> Iterator[LocalPostgres]:
    with running_postgres(up=False) as postgres:
        yield postgres


@pytest.fixture(scope="module")
def _pair() -> Iterator[LocalPostgres]:
    with running_postgres(nodes=2, up=False) as postgres:
        yield postgres


@pytest.fixture
def single(_single: LocalPostgres) -> LocalPostgres:
    """One running primary with the standard parameters, without an application database."""
    cluster.ensure(_single.cluster_dir)
    node.ensure(_single.nodes[0])
    return _single


@pytest.fixture
def pair(_pair: LocalPostgres) -> LocalPostgres:
    """node-1 the primary, node-2 its standby; the application's database with an empty table ``t (n int)``."""
    _pair.up()
    if node.observe(_pair.nodes[0]).role != "primary":
        node.promote(_pair.nodes[0])
    with psycopg.connect(_pair.url(admin=True)) as session:
        session.execute("drop table if exists t")
        session.execute("create table t (n int)")
    for spec in _pair.nodes:
        for aside in spec.folder.glob("data.*"):
            shutil.rmtree(aside)
    return _pair
