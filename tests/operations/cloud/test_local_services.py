"""What runs of a local stack's services, from real supervised processes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.local.host.errors import LocalError
from components.local.host.processes import services
from operations.cloud import service_control
from operations.cloud.contract import ServiceControl
from operations.errors import Refused
from tests.processes import Sandbox


def control(sandbox: Sandbox) -> ServiceControl:
    handle = {"run_dir": str(sandbox.paths.run / "api"), "image": "runtime", "revision": "sha256:2"}
    return service_control({"provider": "local", "services": {"api": handle}})


def test_what_runs_and_why_a_change_was_given_up(sandbox: Sandbox) -> None:
    there = control(sandbox)
    assert there.names() == ["api"]
    nothing = there.running("api")
    assert (nothing.healthy, nothing.version, nothing.settled, there.versions("api")) == (0, "", True, [])
    good = replace(sandbox.service(), revision="sha256:1")
    services.ensure(good)
    runs = there.running("api")
    assert (runs.image, runs.version, runs.desired, runs.healthy) == ("runtime@sha256:1", "sha256:1", 1, 1)
    assert (runs.settled, runs.failed) == (True, "")
    assert there.versions("api") == [("sha256:1", "runtime@sha256:1")]
    bad = replace(good, revision="sha256:2", command=("python", "-c", "raise SystemExit(3)"))
    with pytest.raises(LocalError):
        services.ensure(bad)
    after = there.running("api")
    assert (after.version, after.healthy) == ("sha256:1", 1), "the version before it runs again"
    assert after.failed.startswith("service api did not get healthy: ")
    assert "the version before it runs again" in after.failed
    services.ensure(replace(good, revision="sha256:3"))
    assert (there.running("api").version, there.running("api").failed) == ("sha256:3", "")


def test_an_unknown_service_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(Refused, match="no service 'worker': it has api"):
        control(sandbox).running("worker")
