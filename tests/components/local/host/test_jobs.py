"""Jobs, with real processes: their exit code counts, and nothing of them goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from dataclasses import replace

import pytest

from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.jsonfile import write_json
from components.local.host.processes import jobs
from components.local.host.processes.logfile import MAX_BYTES
from tests.processes import PYTHON, Sandbox, running, until

FOREVER = """
    import os, pathlib, subprocess, sys, time
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path("pids").write_text(f"{os.getpid()} {child.pid}")
    print("working", flush=True)
    time.sleep(600)
"""


def pids(sandbox: Sandbox) -> list[int]:
    file = sandbox.app / "pids"
    return [int(pid) for pid in until(lambda: file.exists() and file.read_text()).split()]


def test_a_job_that_succeeds(sandbox: Sandbox) -> None:
    secrets.write(sandbox.folder / "s.json", {"password": "pw"})
    text = "import os, sys; print(os.environ['COLOUR'], os.environ['PASSWORD'], sys.argv[1], os.getcwd())"
    reference = secrets.reference(sandbox.folder / "s.json", "password")
    spec = sandbox.job(text, "argument", environment={"COLOUR": "blue"}, secrets={"PASSWORD": reference})
    assert jobs.observe(spec.run_dir).state == "never"
    state = jobs.run(spec)
    assert (state.state, state.exit_code) == ("succeeded", 0)
    assert 0 < state.seconds < 30
    assert jobs.observe(spec.run_dir) == state
    first, output, last = spec.log.read_text().splitlines()
    assert first.endswith("job migrate started: python job.py argument")
    assert output == f"blue pw argument {sandbox.app}"
    assert last.endswith("job migrate ended with exit code 0")


def test_the_log_is_appended_to_until_it_is_full(sandbox: Sandbox) -> None:
    spec = sandbox.job("print('once')")
    jobs.run(spec)
    jobs.run(spec)
    assert spec.log.read_text().splitlines().count("once") == 2
    with spec.log.open("ab") as log:
        log.truncate(MAX_BYTES + 1)
    jobs.run(spec)
    assert spec.log.read_text().splitlines().count("once") == 1
    assert spec.log.with_name("job-migrate.log.1").stat().st_size == MAX_BYTES + 1


def test_a_job_that_fails(sandbox: Sandbox) -> None:
    jobs.run(sandbox.job("print('an earlier run')"))
    spec = sandbox.job("for n in range(30): print('line', n)\nraise SystemExit(4)")
    with pytest.raises(LocalError) as caught:
        jobs.run(spec)
    first, *lines = str(caught.value).splitlines()
    assert first.startswith("job migrate failed with exit code 4 after ")
    assert first.endswith(f" s. Its last log lines ({spec.log}):")
    assert len(lines) == 20
    assert lines[-2] == "  line 29"
    assert not any("an earlier run" in line for line in lines)
    assert jobs.observe(spec.run_dir).exit_code == 4
    assert jobs.observe(spec.run_dir).state == "failed"


def test_a_failing_job_does_not_tell_its_secrets(sandbox: Sandbox) -> None:
    secrets.write(sandbox.folder / "s.json", {"password": "correct-horse"})
    reference = secrets.reference(sandbox.folder / "s.json", "password")
    spec = sandbox.job("import os; raise SystemExit('bad ' + os.environ['PASSWORD'])", secrets={"PASSWORD": reference})
    with pytest.raises(LocalError, match=r"bad \*\*\*") as caught:
        jobs.run(spec)
    assert "correct-horse" not in str(caught.value)


def test_a_job_that_takes_too_long_is_ended_with_its_children(sandbox: Sandbox) -> None:
    spec = sandbox.job(FOREVER, timeout=4)
    with pytest.raises(LocalError) as caught:
        jobs.run(spec)
    assert str(caught.value).startswith("job migrate was stopped after 4 s, the time jobs.migrate.timeout allows. Its last log")
    assert "working" in str(caught.value)
    assert not any(running(pid) for pid in pids(sandbox))
    assert jobs.observe(spec.run_dir).exit_code is None
    assert sandbox.remains() == []


def test_a_killed_caller_takes_the_job_along(sandbox: Sandbox) -> None:
    spec = sandbox.job(FOREVER)
    write_json(sandbox.folder / "job.json", spec.to_json())
    text = """
import json, sys
from components.local.host.processes.jobs import JobSpec, run
run(JobSpec.from_json(json.load(open(sys.argv[1]))))
"""
    with subprocess.Popen([PYTHON, "-c", text, str(sandbox.folder / "job.json")]) as caller:
        started = pids(sandbox)
        assert all(running(pid) for pid in started)
        until(lambda: jobs.observe(spec.run_dir).state == "running")  # written when the job runs already
        os.kill(caller.pid, signal.SIGKILL)
    until(lambda: not any(running(pid) for pid in started))
    until(lambda: jobs.observe(spec.run_dir).state == "lost")
    assert sandbox.remains() == []
    (sandbox.app / "pids").unlink()
    assert jobs.run(sandbox.job("pass")).state == "succeeded"


def test_children_left_by_a_finished_job_are_ended(sandbox: Sandbox) -> None:
    spec = sandbox.job(FOREVER.rstrip().removesuffix("time.sleep(600)"))
    assert jobs.run(spec).state == "succeeded"
    assert not any(running(pid) for pid in pids(sandbox))


def test_runs_of_one_job_do_not_overlap(sandbox: Sandbox) -> None:
    text = """
        import os, pathlib, time
        pathlib.Path("busy").touch(exist_ok=False)
        time.sleep(0.3)
        os.unlink("busy")
    """
    spec = sandbox.job(text)
    states: list[str] = []
    threads = [threading.Thread(target=lambda: states.append(jobs.run(spec).state)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == ["succeeded", "succeeded"]


def test_a_job_whose_command_is_missing(sandbox: Sandbox) -> None:
    spec = replace(sandbox.job("pass"), command=("no-such-program",))
    with pytest.raises(LocalError) as caught:
        jobs.run(spec)
    assert str(caught.value) == (
        "job migrate: the command 'no-such-program' was not found on PATH; install it or correct jobs.migrate.command"
    )
