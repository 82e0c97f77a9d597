"""Stacks on the pretended Google Cloud. One is shared by a whole file: its tests use it in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.engine.gcp.deployment import Deploy, new_gcp_deployment


@pytest.fixture(scope="module")
def deploy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deploy]:
    with ExitStack() as stack:
        yield lambda name, given: stack.enter_context(new_gcp_deployment(tmp_path_factory.mktemp(name) / "checkout", name, given))
