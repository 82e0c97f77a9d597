"""What the runtime's tests share: a primary with one standby, with the schema, for the whole run."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from tests.runtime.application import Application, Start, run_application
from tests.runtime.cluster import LocalCluster, running_cluster

with warnings.catch_warnings():
    # On import it says in how many years Google stops supporting this version of Python, and warnings are errors here.
    warnings.simplefilter("ignore", FutureWarning)
    import google.cloud.secretmanager_v1  # noqa: F401


@pytest.fixture(scope="session")
def cluster() -> Iterator[LocalCluster]:
    """Two nodes. Tests may restart servers and change the password, and leave both as they were."""
    with running_cluster(nodes=2) as made:
        made.migrate()
        yield made


@pytest.fixture
def connect(cluster: LocalCluster) -> Iterator[Callable[..., DatabaseManager]]:
    """``connect(DB_HOST="...")`` gives a manager with these variables changed; all are closed at the end."""
    managers: list[DatabaseManager] = []

    def make(*, min_size: int = 2, max_size: int = 20, **changes: str | None) -> DatabaseManager:
        environment = DatabaseEnvironment.from_environ(cluster.environ(**changes))
        managers.append(DatabaseManager(environment, min_size=min_size, max_size=max_size))
        return managers[-1]

    yield make
    for manager in managers:
        manager.close_all_connections()


@pytest.fixture
def db(connect: Callable[..., DatabaseManager]) -> DatabaseManager:
    return connect()


@pytest.fixture
def start(cluster: LocalCluster, tmp_path: Path) -> Iterator[Start]:
    """``start(DB_HOST=...)`` runs the application with these variables changed, until it is alive."""
    running: list[Application] = []

    def run(**changes: str | None) -> Application:
        running.append(run_application(cluster, tmp_path / f"app-{len(running)}.log", changes))
        return running[-1]

    yield run
    for app in running:
        app.client.close()
        app.process.kill()
        app.process.wait()
    cluster.execute("DELETE FROM users")
