"""Ctrl-C, kill -9 and two runs at once, on the real engine: whatever happened, the next ``up`` continues."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.engine.pulumi_cli import ensure_cli
from tests.operations.driver import Project, ended, engine_of, interrupt, new_project, wait_for


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    ensure_cli()
    with new_project(tmp_path / "checkout") as made:
        made.settings(provider="local")
        yield made


def pending(project: Project) -> list[str]:
    """The operations that the state says were cut off half-way."""
    file = project.root / ".state/pulumi/.pulumi/stacks/managed-postgres/local.json"
    latest = json.loads(file.read_text())["checkpoint"]["latest"]
    return [operation["resource"]["urn"] for operation in latest.get("pending_operations") or []]


def test_ctrl_c_finishes_the_steps_at_work_and_up_continues(project: Project) -> None:
    running = project.start("up", SLOW="2")
    wait_for(lambda: project.file("one.begun").exists() and project.file("two.begun").exists())
    interrupt(running)
    stopped = ended(running)
    assert stopped.code == 130
    assert "Stopping: the steps at work are finished first. Press Ctrl-C again to drop them." in stopped.out
    assert stopped.err == ("Stopped after 2 finished steps; what was finished is recorded.\n`make up` continues from here.\n")
    assert project.file("one").exists()
    again = project.run("up")
    assert again.code == 0
    assert "Nothing to do" in again.out
    assert project.providers() == []


def test_a_second_ctrl_c_drops_the_steps_at_work_and_up_continues(project: Project) -> None:
    running = project.start("up", SLOW="60")
    wait_for(lambda: project.file("one.begun").exists() and project.file("two.begun").exists())
    interrupt(running)
    assert running.stdout is not None
    wait_for(lambda: "Press Ctrl-C again" in (running.stdout.readline() if running.stdout else ""))
    interrupt(running)
    stopped = ended(running)
    assert stopped.code == 130
    assert "Dropped half-way: creating orders / " in stopped.err
    assert stopped.err.endswith("`make up` continues from here.\n")
    assert len(pending(project)) == 2
    again = project.run("up")
    assert again.code == 0, again.text
    assert "Stack local is up: 2 resources" in again.out
    assert pending(project) == []
    assert project.providers() == []


def test_after_kill_9_of_everything_up_frees_the_lock_and_continues(project: Project) -> None:
    running = project.start("up", SLOW="60")
    wait_for(lambda: project.file("one.begun").exists() and project.file("two.begun").exists())
    engine = engine_of(running)
    engine.kill()
    running.kill()
    running.communicate()
    orphans = [process.pid for process in project.providers()]
    again = project.run("up")
    assert again.code == 0, again.text
    assert f"note: freed the lock of a run that was killed (pid {engine.pid})" in again.out
    assert all(str(pid) in again.out for pid in orphans)
    assert "Stack local is up: 2 resources" in again.out
    assert project.providers() == []
    third = project.run("up")
    assert "Nothing to do" in third.out
    assert "note" not in third.out


def test_after_kill_9_of_the_driver_alone_up_continues(project: Project) -> None:
    """Here in a cloud, where a thing whose making was cut off may exist: it is named, not forgotten."""
    project.settings(provider="none")
    running = project.start("up", SLOW="60")
    wait_for(lambda: project.file("one.begun").exists() and project.file("two.begun").exists())
    running.kill()
    running.communicate()
    again = project.run("up")
    assert again.code == 0, again.text
    assert "warning: cut off half-way by an interrupted run: creating orders-" in again.out
    assert "Stack local is up: 2 resources" in again.out
    assert project.providers() == []


def test_the_second_of_two_runs_is_refused_and_the_first_goes_on(project: Project) -> None:
    running = project.start("up", SLOW="12")
    wait_for(lambda: project.file("one.begun").exists() and project.file("two.begun").exists())
    for arguments in (["up"], ["down", "--yes"], ["refresh"]):
        second = project.run(*arguments)
        assert second.code == 2
        assert f"Stack 'local' is busy: `make up` (pid {running.pid}) has been at work on it since " in second.err
    first = ended(running)
    assert first.code == 0, first.text


def test_a_run_of_plain_pulumi_is_not_disturbed(project: Project) -> None:
    """Our lock is free, Pulumi's is held by a live engine."""
    running = project.start("up", SLOW="60")
    wait_for(lambda: project.file("one.begun").exists() and project.file("two.begun").exists())
    engine = engine_of(running)
    (project.root / ".state" / "local.lock").unlink()  # as if that engine had been started by hand
    second = project.run("up")
    assert second.code == 2
    assert f"Stack 'local' is busy: a Pulumi run (pid {engine.pid}) has been at work on it since " in second.err
    assert running.poll() is None
    for _ in range(2):
        interrupt(running)
        time.sleep(0.5)
    ended(running)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_that_end_a_program_do_as_ctrl_c_does(project: Project, number: signal.Signals) -> None:
    running = project.start("up", SLOW="1")
    wait_for(lambda: project.file("one.begun").exists() and project.file("two.begun").exists())
    os.kill(running.pid, number)
    stopped = ended(running)
    assert stopped.code == 130
    assert "`make up` continues from here." in stopped.err
