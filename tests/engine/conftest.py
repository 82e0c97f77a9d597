"""Deployments for the engine tests. One is shared by a whole file: bringing a stack up takes about ten seconds."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.deployment import Deployment, new_deployment


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """Configured, not up."""
    with new_deployment(tmp_path / "checkout") as made:
        yield made


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Up, with one standby. Tests of a file use it in order and leave it up."""
    with new_deployment(tmp_path_factory.mktemp("live") / "checkout") as made:
        made.up()
        yield made
