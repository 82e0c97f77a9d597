"""Supervised processes, with real ones: they start, are mended, and leave nothing behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from components.local.host.jsonfile import read_json
from components.local.host.processes import services
from components.local.host.processes.process import Identity
from components.local.host.processes.service_spec import ServiceSpec
from components.local.host.processes.status import ServiceState
from tests.processes import PYTHON, Sandbox, ask, crash, running, until


def alive(state: ServiceState) -> Identity:
    """The leader of the group that the command runs in."""
    assert state.child is not None
    return state.child


def restarted(spec: ServiceSpec, times: int) -> None:
    """Wait until it is healthy after so many restarts."""
    until(lambda: services.observe(spec).restarts == times and services.observe(spec).healthy)


def test_a_healthy_start_and_no_second_one(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    first = services.ensure(spec)
    assert (first.state, first.restarts) == ("healthy", 0)
    assert first.last_health == f"GET http://127.0.0.1:{spec.port}/healthz answered 200"
    pid = ask(spec)["pid"]
    second = services.ensure(spec)
    assert ask(spec)["pid"] == pid
    assert second.supervisor == first.supervisor


def test_the_environment_is_clean_and_python_is_ours(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL_VARIABLE", "leaks")
    spec = sandbox.service(environment={"COLOUR": "blue"})
    services.ensure(spec)
    seen = ask(spec)["environment"]
    assert seen["COLOUR"] == "blue"
    assert seen["TZ"] == "UTC"
    assert seen["PATH"].startswith(os.path.dirname(PYTHON))  # noqa: PTH120 - PATH is text
    assert "SHELL_VARIABLE" not in seen
    assert "PYTHONPATH" not in seen


def test_files_are_private(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    services.ensure(spec)
    assert stat.S_IMODE(spec.run_dir.stat().st_mode) == 0o700
    for file in (*spec.run_dir.iterdir(), spec.log):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_crash_is_followed_by_a_restart_with_growing_waits(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    services.ensure(spec)
    for restarts in (1, 2):
        crash(spec)
        restarted(spec, restarts)
    log = spec.log.read_text()
    assert log.count("ended with exit code 3") == 2
    assert log.index("again in 0.1 s") < log.index("again in 0.2 s")


def test_the_wait_starts_anew_after_a_healthy_time(sandbox: Sandbox) -> None:
    spec = sandbox.service(backoff_reset=0.0)
    services.ensure(spec)
    for restarts in (1, 2):
        crash(spec)
        restarted(spec, restarts)
    assert spec.log.read_text().count("again in 0.1 s") == 2


def test_an_unhealthy_service_is_restarted(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    services.ensure(spec)
    pid = ask(spec)["pid"]
    (sandbox.app / "sick").touch()
    until(lambda: not running(pid))
    seen = services.observe(spec)
    assert seen.last_health is not None
    assert "503" in seen.last_health or "refused" in seen.last_health
    (sandbox.app / "sick").unlink()
    until(lambda: services.observe(spec).healthy)
    assert ask(spec)["pid"] != pid
    assert services.observe(spec).restarts >= 1


def test_a_killed_command_comes_back(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    services.ensure(spec)
    pid = ask(spec)["pid"]
    os.kill(pid, signal.SIGKILL)
    restarted(spec, 1)
    assert services.observe(spec).last_exit == 137
    assert ask(spec)["pid"] != pid


def test_a_killed_guard_takes_the_command_along_and_both_come_back(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    leader = alive(services.ensure(spec))
    pid = ask(spec)["pid"]
    leader.signal(signal.SIGKILL)
    until(lambda: not running(pid))
    restarted(spec, 1)


def test_a_killed_supervisor_takes_the_command_along_and_ensure_mends_it(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    state = services.ensure(spec)
    pid = ask(spec)["pid"]
    assert state.supervisor is not None
    state.supervisor.signal(signal.SIGKILL)
    until(lambda: not running(pid), what="the command ends")
    until(lambda: not alive(state).alive, what="its guard ends")
    assert services.observe(spec).state == "stopped"
    assert not services.observe(spec).running
    assert services.ensure(spec).healthy
    assert ask(spec)["pid"] != pid


def test_a_command_does_not_outlive_supervisor_and_guard_killed_together(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    state = services.ensure(spec)
    pid = ask(spec)["pid"]
    assert state.supervisor is not None
    state.supervisor.signal(signal.SIGSTOP)
    alive(state).signal(signal.SIGKILL)
    if sys.platform == "linux":  # the kernel ends it; elsewhere the next start does
        until(lambda: not running(pid))
    state.supervisor.signal(signal.SIGKILL)
    until(lambda: services.observe(spec).state == "stopped")
    assert services.ensure(spec).healthy
    assert not running(pid)


def test_numbers_are_fit_for_the_environment(sandbox: Sandbox) -> None:
    spec = sandbox.service(environment={"WORKERS": 4})
    services.ensure(spec)
    assert ask(spec)["environment"]["WORKERS"] == "4"


def test_what_a_killed_supervisor_left_is_ended_before_the_next_start(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    state = services.ensure(spec)
    pid = ask(spec)["pid"]
    assert state.supervisor is not None
    alive(state).signal(signal.SIGSTOP)  # a guard that cannot act: the command outlives its supervisor
    state.supervisor.signal(signal.SIGKILL)
    until(lambda: services.observe(spec).state == "stopped")
    assert running(pid)
    assert services.ensure(spec).healthy
    assert not running(pid)


def test_remove_leaves_nothing_not_even_what_left_the_group(sandbox: Sandbox) -> None:
    text = """
        import os, pathlib, subprocess, sys, time
        if len(sys.argv) == 1:
            subprocess.Popen([sys.executable, __file__, "plain"])
            subprocess.Popen([sys.executable, __file__, "daemon"], start_new_session=True)
        else:
            pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
        time.sleep(600)
    """
    spec = sandbox.service(command=("python", sandbox.script("forks.py", text)), port=None)
    spec = replace(spec, port=None, health=None, settle=0.1)
    services.ensure(spec)
    children = [sandbox.number("plain"), sandbox.number("daemon")]
    assert all(running(pid) for pid in children)
    assert sandbox.remains()
    services.remove(spec)
    assert sandbox.remains() == []
    assert services.observe(spec).state == "absent"
    assert spec.log.exists()
    services.remove(spec)  # gone already: fine


def test_a_service_that_ignores_sigterm_is_killed_after_its_time(sandbox: Sandbox) -> None:
    text = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)"
    spec = replace(sandbox.service(command=("python", sandbox.script("deaf.py", text))), port=None, health=None, stop_timeout=0.3)
    services.ensure(spec)
    until(lambda: "deaf" in spec.log.read_text())
    services.remove(spec)
    assert sandbox.remains() == []


def test_a_changed_spec_replaces_the_process(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    services.ensure(spec)
    pid = ask(spec)["pid"]
    changed = replace(spec, environment={**spec.environment, "VERSION": "2"})
    assert services.ensure(changed).healthy
    assert ask(changed)["environment"]["VERSION"] == "2"
    assert not running(pid)
    assert services.ensure(replace(changed, revision="again")).digest != changed.digest


def test_two_ensures_at_once_make_one_service(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    states: list[ServiceState] = []
    threads = [threading.Thread(target=lambda: states.append(services.ensure(spec))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [state.state for state in states] == ["healthy", "healthy"]
    assert states[0].supervisor == states[1].supervisor


def test_an_interrupted_ensure_is_taken_up_by_the_next(sandbox: Sandbox) -> None:
    spec = sandbox.service(command=("python", "-c", "import time; time.sleep(0.5); exec(open('server.py').read())"))
    sandbox.service()  # writes server.py
    services._start(spec)  # what an `up` had done when it was killed
    begun = until(lambda: services.observe(spec).supervisor)
    assert services.ensure(spec).supervisor == begun


def test_a_second_supervisor_of_one_folder_refuses(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    state = services.ensure(spec)
    command = [PYTHON, "-m", "components.local.host.processes.supervisor", str(spec.run_dir / services.SPEC)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 3
    assert answer.stderr.strip() == f"another supervisor works in {spec.run_dir}"
    assert services.observe(spec).supervisor == state.supervisor


def test_a_log_is_set_aside_when_full_also_over_restarts(sandbox: Sandbox) -> None:
    text = "import os, sys\nfor n in range(100): print('x' * 99)\nexec(open('server.py').read())"
    sandbox.service()  # writes server.py
    spec = sandbox.service(command=("python", sandbox.script("chatty.py", text)), log_max_bytes=20_000, log_files=3)
    services.ensure(spec)
    for restarts in range(1, 6):
        crash(spec)
        restarted(spec, restarts)
    files = sorted(file.name for file in spec.log.parent.glob("service-api.log*"))
    assert files == ["service-api.log", "service-api.log.1", "service-api.log.2"]
    assert all((spec.log.parent / file).stat().st_size <= 20_000 for file in files)


def test_the_status_file_says_what_goes_on_and_nothing_else(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    services.ensure(spec)
    record = read_json(spec.run_dir / "status.json")
    assert record is not None
    assert set(record) == {
        *("state", "since", "digest", "supervisor", "child", "restarts", "failures"),
        *("last_exit", "last_health", "given_up", "problem"),
    }
