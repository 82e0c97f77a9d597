"""Services that cannot run: one sentence that says why, their last log lines, and nothing left running."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.processes import services
from components.local.host.processes.service_spec import ServiceSpec
from tests.processes import Sandbox, ask, crash, until


def failure(spec: ServiceSpec) -> str:
    with pytest.raises(LocalError) as caught:
        services.ensure(spec)
    return str(caught.value)


def test_a_service_that_ends_at_once(sandbox: Sandbox) -> None:
    text = "for n in range(30): print('line', n)\nraise SystemExit(7)"
    spec = sandbox.service(command=("python", sandbox.script("ends.py", text)))
    sentence = failure(spec)
    first, *lines = sentence.splitlines()
    assert first == (
        f"service api did not get healthy: 'python ends.py' ended 3 times, the last time with exit code 7; it was stopped. "
        f"Its last log lines ({spec.log}):"
    )
    assert len(lines) == 20
    assert any(line.endswith("line 29") for line in lines)
    assert sandbox.remains() == []
    assert services.observe(spec).state == "absent"


def test_a_service_that_never_gets_healthy(sandbox: Sandbox) -> None:
    (sandbox.app / "sick").touch()
    spec = sandbox.service(health={"start_period": 4, "interval": 0.2, "timeout": 0.5})
    sentence = failure(spec)
    assert sentence.startswith(
        f"service api did not get healthy: GET http://127.0.0.1:{spec.port}/healthz answered 503 "
        f"(5.1 s allowed by services.api.health); it was stopped. Its last log lines ({spec.log}):\n"
    )
    assert "serving version 1" in sentence
    assert sandbox.remains() == []


def test_a_service_that_listens_on_another_port(sandbox: Sandbox) -> None:
    spec = sandbox.service(health={"start_period": 0.5, "timeout": 0.5})
    spec = replace(spec, environment={**spec.environment, "PORT": "0"})
    assert f"GET http://127.0.0.1:{spec.port}/healthz: connection refused" in failure(spec)
    assert sandbox.remains() == []


def test_a_failed_change_goes_back_to_the_version_before(sandbox: Sandbox) -> None:
    good = sandbox.service()
    services.ensure(good)
    bad = replace(good, command=("python", "-c", "print('broken release'); raise SystemExit(1)"))
    sentence = failure(bad)
    assert "exit code 1; the version before it runs again. Its last log lines" in sentence
    assert "broken release" in sentence
    assert services.observe(good).healthy
    assert services.observe(good).digest == good.digest
    assert ask(good)["environment"]["VERSION"] == "1"
    assert services.ensure(good).healthy


def test_both_versions_fail(sandbox: Sandbox) -> None:
    good = sandbox.service(health={"start_period": 4})
    services.ensure(good)
    (sandbox.app / "sick").touch()
    sentence = failure(replace(good, environment={**good.environment, "VERSION": "2"}))
    assert "it was stopped, and the version before it does not get healthy either. Its last log lines" in sentence
    assert sandbox.remains() == []


def test_a_port_in_use(sandbox: Sandbox) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        sentence = failure(sandbox.service(port=port))
    assert sentence.startswith(f"port {port} on 127.0.0.1 is in use by ")
    assert sentence.endswith("stop it or set services.api.port to a free port.")
    assert sandbox.remains() == []


def test_a_change_to_a_port_in_use_leaves_the_running_version_alone(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    services.ensure(spec)
    pid = ask(spec)["pid"]
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        assert "is in use" in failure(replace(spec, port=port))
    assert ask(spec)["pid"] == pid


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"command": ("no-such-program", "x")}, "the command 'no-such-program' was not found on PATH"),
        ({"command": ("./run.sh",)}, "the command './run.sh' was not found or is not executable (looked for "),
        ({"command": ()}, "service api has no command; set services.api.command"),
        ({"cwd": Path("/no/such/folder")}, "service api cannot start in /no/such/folder: there is no such folder"),
    ],
)
def test_a_command_that_cannot_be_started(sandbox: Sandbox, change: dict[str, object], sentence: str) -> None:
    (sandbox.app / "run.sh").touch(mode=0o644)
    assert sentence in failure(replace(sandbox.service(), **change))  # type: ignore[arg-type]
    assert not sandbox.paths.run.exists()


def test_a_secret_that_is_missing(sandbox: Sandbox) -> None:
    path = sandbox.paths.secrets / "db.json"
    spec = sandbox.service(secrets={"DB_PASSWORD": secrets.reference(path, "password")})
    assert failure(spec) == (
        f"service api cannot start: secret DB_PASSWORD: the secret file {path} does not exist; run `make up` to create it"
    )


def test_a_secret_that_vanishes_later_is_waited_for(sandbox: Sandbox) -> None:
    path = sandbox.paths.secrets / "db.json"
    secrets.write(path, {"password": "first-password"})
    spec = sandbox.service(secrets={"DB_PASSWORD": secrets.reference(path, "password")})
    services.ensure(spec)
    path.unlink()
    crash(spec)
    state = until(lambda: (now := services.observe(spec)).problem and now)
    assert state.state == "backoff"
    assert state.problem == f"secret DB_PASSWORD: the secret file {path} does not exist; run `make up` to create it"
    secrets.write(path, {"password": "second-password"})
    until(lambda: services.observe(spec).healthy)
    assert ask(spec)["environment"]["DB_PASSWORD"] == "second-password"


def test_the_sentence_masks_secrets(sandbox: Sandbox) -> None:
    path = sandbox.paths.secrets / "db.json"
    secrets.write(path, {"password": "correct-horse"})
    spec = sandbox.service(
        command=("python", "-c", "import os; print('login with', os.environ['DB_PASSWORD']); raise SystemExit(1)"),
        secrets={"DB_PASSWORD": secrets.reference(path, "password")},
    )
    sentence = failure(spec)
    assert "login with ***" in sentence
    assert "correct-horse" not in sentence
