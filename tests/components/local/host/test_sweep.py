"""The sweep finds what a killed `up` left, by every trace, and spares what is not the stack's."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from components.local.host import sweep
from components.local.host.jsonfile import private_folder, write_json
from components.local.host.processes import services
from components.local.host.processes.process import Identity
from tests.processes import PYTHON, Sandbox, ask, running, until

SLEEP = [PYTHON, "-c", "import time; time.sleep(600)"]


@contextmanager
def stranger(**options: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process that nobody recorded."""
    process = subprocess.Popen(SLEEP, start_new_session=True, **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def found(sandbox: Sandbox) -> dict[int, str]:
    return {item.identity.pid: item.why for item in sweep.leftovers(sandbox.paths.root)}


def test_an_empty_stack(sandbox: Sandbox) -> None:
    assert sweep.leftovers(sandbox.paths.root) == []
    assert sweep.sweep(sandbox.paths.root) == []


def test_a_running_service_is_stopped_whole(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    state = services.ensure(spec)
    pid = ask(spec)["pid"]
    assert state.supervisor is not None
    assert state.child is not None
    assert {state.supervisor.pid, state.child.pid, pid} == set(found(sandbox))
    swept = sweep.sweep(sandbox.paths.root)
    assert swept[0].daemon
    assert not running(pid)
    assert sandbox.remains() == []
    assert "api stopped" in spec.log.read_text()  # asked, not killed


def test_a_supervisor_is_found_without_its_status_file(sandbox: Sandbox) -> None:
    spec = sandbox.service()
    services.ensure(spec)
    (spec.run_dir / "status.json").unlink()
    assert "one of our daemons" in found(sandbox).values()
    sweep.sweep(sandbox.paths.root)
    assert sandbox.remains() == []


def test_a_process_that_works_in_the_stack(sandbox: Sandbox) -> None:
    folder = private_folder(sandbox.paths.root / "postgres" / "main")
    with stranger(cwd=folder) as process:
        assert found(sandbox) == {process.pid: f"works in {folder}"}
        sweep.sweep(sandbox.paths.root, grace=1)
        assert process.wait(5) == -signal.SIGTERM


def test_a_process_that_carries_the_mark(sandbox: Sandbox) -> None:
    mark = sandbox.paths.run / "api"
    with stranger(cwd="/", env={**os.environ, "MANAGED_POSTGRES_RUN": str(mark)}) as process:
        until(lambda: found(sandbox) == {process.pid: f"started for {mark}"})
        sweep.sweep(sandbox.paths.root, grace=1)
        assert process.wait(5) == -signal.SIGTERM


def test_a_recorded_process(sandbox: Sandbox) -> None:
    folder = private_folder(sandbox.paths.run / "api")
    with stranger(cwd="/") as process:
        identity = Identity.of(process.pid)
        assert identity is not None
        write_json(folder / "status.json", {"child": identity.record, "state": "healthy"})
        assert list(found(sandbox)) == [process.pid]
        write_json(folder / "status.json", {"child": identity.record | {"started": "another time"}, "state": "healthy"})
        assert found(sandbox) == {}  # the pid was given to somebody else


def test_another_stack_and_a_shell_of_the_user_are_spared(sandbox: Sandbox) -> None:
    private_folder(sandbox.paths.root)
    other = private_folder(sandbox.paths.home / "test-2")
    master, slave = pty.openpty()
    text = f"import fcntl, termios, time; fcntl.ioctl({slave}, termios.TIOCSCTTY, 0); print('ready', flush=True); time.sleep(600)"
    shell = subprocess.Popen(
        [PYTHON, "-c", text], cwd=sandbox.paths.root, pass_fds=[slave], start_new_session=True, stdout=subprocess.PIPE
    )
    try:
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"ready\n"
        with stranger(cwd=other):
            assert found(sandbox) == {}
            sweep.sweep(sandbox.paths.root)
            assert shell.poll() is None
    finally:
        shell.kill()
        shell.communicate()
        os.close(master)
        os.close(slave)


def test_what_does_not_listen_is_killed(sandbox: Sandbox) -> None:
    folder = private_folder(sandbox.paths.root / "stubborn")
    text = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
    with subprocess.Popen([PYTHON, "-c", text], cwd=folder, start_new_session=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        begin = time.monotonic()
        sweep.sweep(sandbox.paths.root, grace=0.3)
        assert process.wait(5) == -signal.SIGKILL
        assert time.monotonic() - begin < 10
