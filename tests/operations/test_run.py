"""``run`` of jobs on this machine, with real processes; tests/operations/remote has those in a cloud."""

from __future__ import annotations

import re
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from components.local.host.processes import jobs
from components.local.host.processes.jobs import JobSpec
from operations.cli import app
from operations.errors import OperationError, Refused
from operations.run import run
from tests.operations.handles import put_out
from tests.processes import PYTHON, Sandbox, until

IN_TWO_PARTS = """
    import os, pathlib, time
    print(os.environ["COLOUR"], flush=True)
    while not pathlib.Path("go-on").exists():
        time.sleep(0.02)
    print("end")
"""


def written(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, text: str, **more: Any) -> JobSpec:
    """The job ``seed`` of a stack that is up."""
    spec = sandbox.job(text, **more)
    jobs.write(spec)
    put_out(monkeypatch, {"provider": "local", "jobs": {"seed": {"run_dir": str(spec.run_dir)}, "load": {}}})
    return spec


def test_its_words_come_as_they_are_written_and_ours_beside_them(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    go_on = sandbox.app / "go-on"
    written(sandbox, monkeypatch, IN_TWO_PARTS, environment={"COLOUR": "blue"})
    seen = ""

    def look() -> None:
        nonlocal seen
        seen = until(lambda: "blue\n" in (found := seen + capsys.readouterr().out) and found)
        go_on.touch()

    watcher = threading.Thread(target=look)
    watcher.start()
    run("seed", None, "local")
    watcher.join()
    out, err = capsys.readouterr()
    assert seen + out == "blue\nend\n"
    assert err.endswith("Job seed of stack local is done.\n")


def test_another_command_has_its_variables_and_leaves_its_own(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = written(sandbox, monkeypatch, "print('own')", environment={"COLOUR": "blue"})
    done = CliRunner().invoke(app, ["run", "seed", "--", PYTHON, "-c", "import os; print(os.environ['COLOUR'], '--stack')"])
    assert done.exit_code == 0, done.output
    assert "blue --stack\n" in done.stdout
    assert "own\n" not in done.stdout
    run("seed", None, "local")
    assert "own\n" in capsys.readouterr().out
    assert spec.log.read_text().count("blue --stack\n") == 1


def test_its_failure_is_one_sentence(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = written(sandbox, monkeypatch, "import sys; sys.exit(7)")
    said = rf"^job migrate failed with exit code 7 after [0-9.]+ s\. Its log: {re.escape(str(spec.log))}\.$"
    with pytest.raises(OperationError, match=said):
        run("seed", None, "local")
    with pytest.raises(OperationError, match="no-such-program"):
        run("seed", ["no-such-program"], "local")


def test_ctrl_c_ends_it(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = written(sandbox, monkeypatch, "import time; print('working', flush=True); time.sleep(600)")
    main = threading.main_thread()
    assert threading.current_thread() is main

    def press() -> None:
        until(lambda: spec.log.is_file() and "working" in spec.log.read_text())
        signal.pthread_kill(main.ident or 0, signal.SIGINT)

    presser = threading.Thread(target=press)
    presser.start()
    with pytest.raises(KeyboardInterrupt):
        run("seed", None, "local")
    presser.join()
    assert jobs.observe(spec.run_dir).state != "running"


def test_a_job_that_is_not_there_is_refused(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = written(sandbox, monkeypatch, "print('own')")
    with pytest.raises(Refused, match=r"^Stack 'local' has no job 'sed': it has seed, load\. .* `make up STACK=local`\.$"):
        run("sed", None, "local")
    Path(spec.run_dir, jobs.SPEC).unlink()
    for name in ("seed", "load"):
        with pytest.raises(Refused, match=rf"^Job {name} of stack local is not to be found: run `make up STACK=local` once\.$"):
            run(name, None, "local")
