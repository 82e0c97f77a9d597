"""Cloud Run over gRPC, for the tests of the looks at a deployment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from components.gcp.providers import execution, rollout
from components.gcp.providers.calls import EMULATOR
from tests.components.gcp.run_server import CloudRun
from tests.grpc_server import serving


@pytest.fixture(scope="module")
def started() -> Iterator[CloudRun]:
    with serving(CloudRun()) as handler:
        yield handler


@pytest.fixture
def server(started: CloudRun, monkeypatch: pytest.MonkeyPatch) -> CloudRun:
    started.answers.clear()
    started.asked.clear()
    started.delay = 0
    monkeypatch.setenv(EMULATOR, f"127.0.0.1:{started.port}")
    for module in (rollout, execution):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    return started
