"""The dynamic providers of processes, called as the engine calls them: numbers are floats, and its own key is there."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.processes import cache, jobs, scheduler, services
from components.local.host.processes.service_spec import ServiceSpec
from components.local.providers.cache_server import CacheServerProvider
from components.local.providers.directory import DirectoryProvider
from components.local.providers.job_run import JobRunProvider
from components.local.providers.process import ProcessProvider
from components.local.providers.scheduled_job import ScheduledJobProvider
from tests.processes import Sandbox, crash, until
from tests.support import free_port

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes an output that is not known yet."""


def wired(value: Any) -> Any:
    """As gRPC delivers it: integers are floats, and what is None on the top level is gone."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return float(value)
    if isinstance(value, dict):
        return {key: wired(item) for key, item in value.items()}
    return [wired(item) for item in value] if isinstance(value, list) else value


def props(**values: Any) -> dict[str, Any]:
    wire: dict[str, Any] = wired({key: value for key, value in values.items() if value is not None})
    return wire | {"__provider": "reference"}


def service(sandbox: Sandbox, **changes: Any) -> dict[str, Any]:
    spec = sandbox.service(**changes).to_json()
    spec["log_max_bytes"] = None
    return props(**spec)


def test_a_process_from_creation_to_removal(sandbox: Sandbox) -> None:
    provider, inputs = ProcessProvider(), service(sandbox)
    made = provider.create(inputs)
    outs = made.outs or {}
    assert outs["status"] == "running"
    assert isinstance(outs["port"], int)
    assert "__provider" not in outs
    assert "correct-horse" not in json.dumps(outs)
    assert provider.diff(made.id, outs, inputs).changes is False
    assert (provider.read(made.id, outs).outs or {}) == outs

    state = services.observe(ServiceSpec.from_json(outs))
    assert state.supervisor is not None
    state.supervisor.signal(signal.SIGKILL)
    seen = until(lambda: (now := provider.read(made.id, outs).outs or {})["status"] == "stopped" and now)
    assert provider.diff(made.id, seen, inputs).changes is True  # after a refresh
    assert provider.diff(made.id, outs, inputs).changes is True  # and without one
    mended = provider.update(made.id, seen, inputs).outs or {}
    assert mended == outs
    assert provider.diff(made.id, mended, inputs).changes is False

    provider.delete(made.id, mended)
    assert sandbox.remains() == []
    assert (provider.read(made.id, mended).outs or {})["status"] == "absent"
    provider.delete(made.id, mended)  # again, as after an interruption


def test_a_process_that_crashes_over_and_over_is_seen(sandbox: Sandbox) -> None:
    provider, inputs = ProcessProvider(), service(sandbox, backoff=30.0)
    made = provider.create(inputs)
    outs = made.outs or {}
    crash(ServiceSpec.from_json(outs))
    until(lambda: (provider.read(made.id, outs).outs or {})["status"] == "backoff")
    assert provider.diff(made.id, outs, inputs).changes is True
    assert (provider.update(made.id, outs, inputs).outs or {})["status"] == "running"


def test_what_a_change_of_a_process_means(sandbox: Sandbox) -> None:
    provider, inputs = ProcessProvider(), service(sandbox)
    made = provider.create(inputs)
    outs = made.outs or {}
    environment = {**inputs["environment"], "DB_HOST": UNKNOWN}
    change = provider.diff(made.id, outs, {**inputs, "environment": environment})
    assert (change.changes, change.replaces) == (True, [])
    change = provider.diff(made.id, outs, {**inputs, "run_dir": str(sandbox.paths.run / "web")})
    assert (change.changes, change.replaces, change.delete_before_replace) == (True, ["run_dir"], True)


def test_creation_adopts_what_an_interrupted_up_left(sandbox: Sandbox) -> None:
    provider, inputs = ProcessProvider(), service(sandbox)
    first = services.ensure(ServiceSpec.from_json(provider.create(inputs).outs or {}))
    assert (provider.create(inputs).outs or {})["status"] == "running"
    assert services.observe(ServiceSpec.from_json(provider.create(inputs).outs or {})).supervisor == first.supervisor


def test_a_secret_stays_a_reference(sandbox: Sandbox) -> None:
    path = sandbox.paths.secrets / "db.json"
    secrets.write(path, {"password": "correct-horse"})
    reference = secrets.reference(path, "password")
    outs = ProcessProvider().create(service(sandbox, secrets={"DB_PASSWORD": reference})).outs or {}
    assert outs["secrets"] == {"DB_PASSWORD": reference}
    assert "correct-horse" not in json.dumps(outs)


def job(sandbox: Sandbox, text: str, **changes: Any) -> dict[str, Any]:
    return props(**sandbox.job(text).to_json() | {"triggers": []} | changes)


def test_a_job_runs_at_creation_and_when_a_trigger_changes(sandbox: Sandbox) -> None:
    provider, inputs = JobRunProvider(), job(sandbox, "open('runs', 'a').write('x')", triggers=["sha256:1"])
    runs = sandbox.app / "runs"
    made = provider.create(inputs)
    outs = made.outs or {}
    assert (outs["status"], outs["exit_code"], runs.read_text()) == ("succeeded", 0, "x")
    assert provider.diff(made.id, outs, inputs).changes is False
    assert runs.read_text() == "x"

    slower = inputs | {"timeout": 50.0}
    assert provider.diff(made.id, outs, slower).changes is True
    outs = provider.update(made.id, outs, slower).outs or {}
    assert (outs["status"], outs["timeout"], runs.read_text()) == ("succeeded", 50, "x")

    changed = slower | {"triggers": ["sha256:2"]}
    assert provider.diff(made.id, outs, changed).changes is True
    assert runs.read_text() == "x"  # a diff, so a preview, runs nothing
    outs = provider.update(made.id, outs, changed).outs or {}
    assert runs.read_text() == "xx"
    provider.delete(made.id, outs)
    assert runs.read_text() == "xx"


def test_a_failing_job_fails_the_deployment_and_runs_again_next_time(sandbox: Sandbox) -> None:
    provider, inputs = JobRunProvider(), job(sandbox, "open('runs', 'a').write('x'); raise SystemExit(2)")
    with pytest.raises(LocalError, match="job migrate failed with exit code 2"):
        provider.create(inputs)
    sandbox.job("pass")
    made = provider.create(inputs)
    assert (made.outs or {})["status"] == "succeeded"
    assert jobs.observe(Path(made.id)).state == "succeeded"


def test_a_scheduled_job(sandbox: Sandbox) -> None:
    run_dir = str(sandbox.paths.run / "schedule-nightly")
    provider = ScheduledJobProvider()
    inputs = job(sandbox, "pass", name="nightly", run_dir=run_dir, cron="0 3 * * *", timezone="UTC")
    made = provider.create(inputs)
    outs = made.outs or {}
    assert outs["status"] == "running"
    assert provider.diff(made.id, outs, inputs).changes is False
    assert provider.diff(made.id, outs, inputs | {"cron": "0 4 * * *"}).changes is True
    outs = provider.update(made.id, outs, inputs | {"cron": "0 4 * * *"}).outs or {}
    assert (outs["status"], outs["cron"]) == ("running", "0 4 * * *")
    with pytest.raises(LocalError, match="is no cron expression"):
        provider.update(made.id, outs, inputs | {"cron": "whenever"})
    assert (provider.read(made.id, outs).outs or {})["status"] == "running"
    provider.delete(made.id, outs)
    assert sandbox.remains() == []
    assert (provider.read(made.id, outs).outs or {})["status"] == "absent"
    assert scheduler.NAP <= 60


def test_a_cache(sandbox: Sandbox) -> None:
    provider = CacheServerProvider()
    secret = sandbox.paths.secrets / "cache.json"
    inputs = props(
        **{"name": "cache", "host": "127.0.0.1", "port": free_port(), "run_dir": str(sandbox.paths.run / "cache")},
        **{"log": str(sandbox.paths.log("cache")), "secret": str(secret), "max_memory_mb": 16, "policy": "allkeys-lru"},
        **{"persistent": False, "setting": "cache"},
    )
    made = provider.create(inputs)
    outs = made.outs or {}
    password = json.loads(secret.read_text())["password"]
    assert outs["status"] == "running"
    assert password not in json.dumps(outs)
    assert provider.diff(made.id, outs, inputs).changes is False
    assert provider.diff(made.id, outs, inputs | {"max_memory_mb": 32.0}).changes is True
    secret.rename(secret.with_suffix(".away"))
    assert provider.diff(made.id, outs, inputs).changes is True
    outs = provider.update(made.id, outs, inputs).outs or {}
    assert json.loads(secret.read_text())["password"] != password
    provider.delete(made.id, outs)
    assert sandbox.remains() == []
    assert (provider.read(made.id, outs).outs or {})["status"] == "absent"
    assert cache.SERVERS[0] == "valkey-server"


def test_a_folder_is_adopted_and_protected(tmp_path: Path) -> None:
    provider, path = DirectoryProvider(), tmp_path / "buckets" / "media"
    inputs = props(path=str(path), deletion_protection=True, setting="storage.media")
    made = provider.create(inputs)
    outs = made.outs or {}
    assert outs["status"] == "present"
    assert path.stat().st_mode & 0o777 == 0o700
    (path / "photo.jpg").write_bytes(b"1")
    assert (provider.create(inputs).outs or {})["status"] == "present"
    assert provider.diff(made.id, outs, inputs).changes is False
    with pytest.raises(LocalError) as caught:
        provider.delete(made.id, outs)
    assert str(caught.value) == (
        f"the bucket {path} holds files and is protected from deletion; move them away, "
        "or set storage.media.deletion_protection to false and run `make up` first"
    )
    assert (path / "photo.jpg").exists()
    open_ = provider.update(made.id, outs, inputs | {"deletion_protection": False}).outs or {}
    provider.delete(made.id, open_)
    assert not path.exists()
    provider.delete(made.id, open_)


def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    provider, path = DirectoryProvider(), tmp_path / "media"
    inputs = props(path=str(path), deletion_protection=True, setting="storage.media")
    made = provider.create(inputs)
    outs = made.outs or {}
    path.rmdir()
    assert (provider.read(made.id, outs).outs or {})["status"] == "absent"
    assert provider.diff(made.id, outs, inputs).changes is True
    provider.update(made.id, outs, inputs)
    assert path.is_dir()
    provider.delete(made.id, outs)  # protected, but empty
    assert not path.exists()


def test_a_file_in_the_way_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "media").touch()
    with pytest.raises(LocalError, match=r"media cannot be made: a file of that name is in the way; move it$"):
        DirectoryProvider().create(props(path=str(tmp_path / "media"), deletion_protection=True, setting="storage.media"))
