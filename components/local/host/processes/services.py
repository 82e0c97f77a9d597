"""Supervised processes from outside: make one run as wanted, look at it, take it away."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

from components.local.host import ports, secrets
from components.local.host.errors import LocalError
from components.local.host.files import locked
from components.local.host.jsonfile import private_folder, read_json, write_json
from components.local.host.processes import environment, logfile, status
from components.local.host.processes.commands import require_command
from components.local.host.processes.process import KILL_SECONDS, Identity, end_remains, wait_gone
from components.local.host.processes.service_spec import ServiceSpec
from components.local.host.processes.status import ServiceState

SPEC = "spec.json"
GOOD = "good.json"
"""The last spec that was healthy: what a failed change goes back to."""
FAILED = "failed.json"
"""Why the last change was given up; gone once one gets healthy."""
MARGIN = 10.0
"""Seconds over the spec's own window until a start counts as failed whose supervisor says nothing: for a busy machine."""
GIVE_UP = 3
"""Ends in a row before the service was healthy that make a start fail early (the circuit breaker of ECS has 3 as well)."""


def ensure(spec: ServiceSpec, *, margin: float = MARGIN) -> ServiceState:
    """Make the service run by *spec* and wait until it is healthy. Does nothing when it is that already.

    A changed spec, a dead supervisor and a service that is not well lead to a fresh start. When that does not get
    healthy it is stopped; a spec that was healthy before is started again in its place.

    :param margin: seconds to wait beyond the time the spec's health check allows.
    :raises LocalError: the service cannot be started or does not get healthy: why, and its last log lines.
    """
    require_command(spec.command, spec.cwd, owner=f"service {spec.name}", key=spec.key)
    _resolve(spec)
    with _lock(spec.run_dir):
        state = observe(spec)
        if state.digest == spec.digest and state.state == "healthy":
            (spec.run_dir / FAILED).unlink(missing_ok=True)
            return state
        begun = state.digest == spec.digest and state.state == "starting" and not state.given_up
        if not begun:  # else an `up` that was interrupted left it, and it has the rest of its time
            _require_port(spec, state)
            _stop(spec.run_dir)
            _start(spec)
        since = logfile.size(spec.log)
        state = _wait(spec, margin)
        if state.healthy:
            write_json(spec.run_dir / GOOD, spec.to_json())
            (spec.run_dir / FAILED).unlink(missing_ok=True)
            return state
        sentence = _failed(spec, state, since, margin)
        if spec.run_dir.exists():  # an older version runs again, and would look as if nothing had happened
            write_json(spec.run_dir / FAILED, {"reason": sentence.split("\n", 1)[0]})
        raise LocalError(sentence)


def observe(spec: ServiceSpec) -> ServiceState:
    """What the service is now. Changes nothing, needs no lock."""
    return status.read(spec.name, spec.run_dir)


def remove(spec: ServiceSpec) -> None:
    """Stop the service and forget it; its log stays. Nothing to do when it is gone already.

    :raises LocalError: a process survived even SIGKILL.
    """
    with _lock(spec.run_dir):
        _stop(spec.run_dir)
        shutil.rmtree(spec.run_dir, ignore_errors=True)


def _lock(run_dir: Path) -> AbstractContextManager[None]:
    return locked(run_dir.parent / f".{run_dir.name}.lock")


def _resolve(spec: ServiceSpec) -> None:
    try:
        secrets.resolve_all(spec.secrets)
    except LocalError as error:
        raise LocalError(f"service {spec.name} cannot start: {error}") from None


def _require_port(spec: ServiceSpec, state: ServiceState) -> None:
    """Before anything is stopped: the port must be free, or held by what is about to be replaced."""
    old = read_json(spec.run_dir / SPEC)
    ours = old is not None and (old.get("host"), old.get("port")) == (spec.host, spec.port)
    if ours and not state.running:
        end_remains(spec.run_dir, state.child, grace=spec.stop_timeout)
    if spec.port is not None and not (ours and state.running):
        ports.require_free(spec.host, spec.port, key=f"{spec.key}.port")


def _start(spec: ServiceSpec) -> None:
    """Start a supervisor. It detaches itself; until then its complaints are ours."""
    private_folder(spec.run_dir)
    (spec.run_dir / status.FILE).unlink(missing_ok=True)
    write_json(spec.run_dir / SPEC, spec.to_json())
    # A supervisor has a working folder and an import path of its own, so neither the caller's folder nor shell matter.
    command = [sys.executable, "-P", "-m", "components.local.host.processes.supervisor", str(spec.run_dir / SPEC)]
    own_log = spec.run_dir / "supervisor.log"
    descriptor = os.open(own_log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        code = subprocess.run(
            command,
            cwd="/",
            env=environment.of_daemon(),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            check=False,
        ).returncode
    finally:
        os.close(descriptor)
    if code != 0:
        raise LocalError(f"the supervisor of {spec.name} did not start (exit code {code}):\n{logfile.tail(own_log)}")


def _stop(run_dir: Path) -> None:
    """End the supervisor, its command, and whatever an earlier one left running."""
    state = status.read(run_dir.name, run_dir)
    record = read_json(run_dir / SPEC)
    grace = float((record or {}).get("stop_timeout", 0))
    left: list[Identity] = []
    if state.supervisor and state.supervisor.alive:
        state.supervisor.signal(signal.SIGTERM)
        if wait_gone([state.supervisor], grace + 2 * KILL_SECONDS):
            state.supervisor.signal(signal.SIGKILL)
            left = wait_gone([state.supervisor], KILL_SECONDS)
    left += end_remains(run_dir, state.child, grace=min(grace, KILL_SECONDS))
    if left:
        pids = ", ".join(str(process.pid) for process in left)
        raise LocalError(f"processes of {run_dir.name} do not end even when killed (pid {pids}); see what blocks them")


def _wait(spec: ServiceSpec, margin: float) -> ServiceState:
    """Wait until it is healthy, or it is plain that it will not be."""
    deadline = time.monotonic() + spec.window + margin
    while True:
        state = observe(spec)
        lost = state.supervisor is not None and not state.supervisor.alive
        hopeless = state.failures >= GIVE_UP or state.given_up or lost
        if state.healthy or hopeless or time.monotonic() > deadline:
            return state
        time.sleep(0.05)


def _failed(spec: ServiceSpec, state: ServiceState, since: int, margin: float) -> str:
    """Clean up after a failed start, and say all about it in one sentence and the log lines."""
    own_log = spec.run_dir / "supervisor.log"
    text = logfile.tail(spec.log, since=since) if state.running else logfile.tail(own_log)
    lines = secrets.mask(text, spec.secrets.values())
    _stop(spec.run_dir)
    after = _roll_back(spec, margin)
    return f"service {spec.name} did not get healthy: {_seen(spec, state)}; {after}. Its last log lines ({spec.log}):\n{lines}"


def _seen(spec: ServiceSpec, state: ServiceState) -> str:
    if state.problem:
        return state.problem
    if state.last_exit is not None and not state.given_up:
        times = "once" if state.failures == 1 else f"{state.failures} times"
        return f"'{' '.join(spec.command)}' ended {times}, the last time with exit code {state.last_exit}"
    if not state.running:
        return "its supervisor ended" if state.supervisor else "its supervisor did not begin"
    seen = state.given_up or state.last_health or "no health check was answered"
    return f"{seen} ({spec.window:g} s allowed by {spec.key}.health)"


def _roll_back(spec: ServiceSpec, margin: float) -> str:
    """Start the last healthy spec again, if there is another one. Returns what became of it."""
    record = read_json(spec.run_dir / GOOD)
    good = ServiceSpec.from_json(record) if record else None
    if good is None or good.digest == spec.digest:
        if good is None:
            shutil.rmtree(spec.run_dir, ignore_errors=True)
        return "it was stopped"
    try:
        _start(good)
        if _wait(good, margin).healthy:
            return "the version before it runs again"
    except LocalError:
        pass  # told below; the first failure is what the user must hear about
    _stop(spec.run_dir)
    return "it was stopped, and the version before it does not get healthy either"
