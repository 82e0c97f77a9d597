"""Scheduled jobs: due times with an injected clock, the daemon with a real process."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from components.local.host.errors import LocalError
from components.local.host.processes import jobs, scheduler
from components.local.host.processes.scheduler import ScheduleSpec, next_run
from tests.processes import Sandbox, running, until

START = datetime(2026, 3, 1, 2, 59, 30, tzinfo=UTC)


class Done(Exception):
    """Ends a schedule that would go on for ever."""


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self, until: datetime, *, hangs: float = 0) -> None:
        self.now, self.until, self.hangs = START, until, hangs

    def __call__(self) -> datetime:
        if self.now >= self.until:
            raise Done
        return self.now

    def sleep(self, seconds: float) -> None:
        """*hangs*: the machine is put to sleep meanwhile, once, for so many seconds."""
        self.now += timedelta(seconds=seconds + self.hangs)
        self.hangs = 0


def schedule(sandbox: Sandbox, cron: str = "* * * * *", timezone: str = "UTC", text: str | None = None) -> ScheduleSpec:
    run_dir = sandbox.paths.run / "schedule-nightly"
    job = sandbox.job(text or "open('runs', 'a').write('ran\\n')", name="nightly", run_dir=run_dir / "job")
    return ScheduleSpec(job=job, cron=cron, timezone=timezone, run_dir=run_dir)


def runs(sandbox: Sandbox) -> int:
    file = sandbox.app / "runs"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_due_times_follow_the_time_zone() -> None:
    assert next_run("0 3 * * *", "UTC", START) == datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    assert next_run("0 3 * * *", "Asia/Tokyo", START) == datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
    assert next_run("30 1 * * 7", "Europe/Berlin", START) == datetime(2026, 3, 8, 0, 30, tzinfo=UTC)


def test_it_runs_at_every_due_time(sandbox: Sandbox) -> None:
    clock = Clock(START + timedelta(minutes=3))
    with pytest.raises(Done):
        scheduler.keep(schedule(sandbox), clock=clock, sleep=clock.sleep)
    assert runs(sandbox) == 3


def test_times_missed_in_sleep_make_one_run(sandbox: Sandbox) -> None:
    clock = Clock(START + timedelta(minutes=60, seconds=31), hangs=3600)
    with pytest.raises(Done):
        scheduler.keep(schedule(sandbox), clock=clock, sleep=clock.sleep)
    assert runs(sandbox) == 2  # one for the hour that was slept through, one after it


def test_a_failing_run_is_recorded_and_does_not_end_the_schedule(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    spec = schedule(sandbox, text="open('runs', 'a').write('ran\\n'); raise SystemExit(9)")
    clock = Clock(START + timedelta(minutes=2))
    with pytest.raises(Done):
        scheduler.keep(spec, clock=clock, sleep=clock.sleep)
    assert runs(sandbox) == 2
    last = jobs.observe(spec.job.run_dir)
    assert (last.state, last.exit_code) == ("failed", 9)
    assert "job nightly failed with exit code 9" in capsys.readouterr().out


DAEMON = """
    import sys, time
    from components.local.host.processes import scheduler
    from datetime import UTC, datetime, timedelta

    begin = time.time()
    def clock():  # an hour a second
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=time.time() - begin)

    keep = scheduler.keep
    scheduler.keep = lambda spec: keep(spec, clock=clock, sleep=lambda seconds: time.sleep(0.05))
    scheduler.main(sys.argv[1:])
"""
"""The scheduler as it is, but for a clock that runs 3600 times as fast."""


def test_the_daemon_runs_the_job_and_ends_it_when_it_is_removed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import os, time; open('runs', 'a').write('ran\\n'); open('pid', 'w').write(str(os.getpid())); time.sleep(600)"
    spec = schedule(sandbox, cron="0 * * * *", text=text)
    service = spec.service()
    daemon = sandbox.script("daemon.py", DAEMON)
    fast = (service.command[0], str(sandbox.app / daemon), service.command[-1])
    monkeypatch.setattr(ScheduleSpec, "service", lambda _: replace(service, command=fast))
    assert scheduler.ensure(spec).healthy
    pid = sandbox.number("pid")
    until(lambda: scheduler.observe(spec)[1].state == "running")  # written when the job runs already
    assert scheduler.observe(spec)[0].healthy
    scheduler.remove(spec)
    assert not running(pid)
    assert sandbox.remains() == []
    assert runs(sandbox) == 1


def test_the_real_daemon_is_mended_and_follows_a_change(sandbox: Sandbox) -> None:
    spec = schedule(sandbox, cron="0 3 * * *", timezone="Asia/Tokyo")
    state = scheduler.ensure(spec)
    assert state.healthy
    assert state.child is not None
    os.kill(state.child.pid, signal.SIGKILL)
    until(lambda: scheduler.observe(spec)[0].restarts == 1 and scheduler.observe(spec)[0].healthy)
    changed = scheduler.ensure(schedule(sandbox, cron="0 4 * * *", timezone="Asia/Tokyo"))
    assert changed.digest != state.digest
    log = sandbox.paths.log("schedule-nightly")
    until(lambda: "T19:00:00+00:00" in log.read_text(), what="04:00 in Tokyo")
    assert "T18:00:00+00:00" in log.read_text()
    scheduler.remove(spec)
    assert sandbox.remains() == []


@pytest.mark.parametrize(
    ("cron", "timezone", "sentence"),
    [
        ("every day", "UTC", "jobs.nightly.schedule: 'every day' is no cron expression (it needs five fields); write five"),
        ("61 * * * *", "UTC", "jobs.nightly.schedule: '61 * * * *' is no cron expression (bad minute); write five fields"),
        ("* * * * * *", "UTC", "is no cron expression (it needs five fields)"),
        ("0 0 30 2 *", "UTC", "jobs.nightly.schedule: '0 0 30 2 *' is"),
        ("0 3 * * *", "Mars/Phobos", "jobs.nightly.timezone: there is no time zone 'Mars/Phobos'; write a name like"),
        ("0 3 * * *", "../etc/passwd", "jobs.nightly.timezone: there is no time zone"),
    ],
)
def test_a_schedule_that_makes_no_sense(sandbox: Sandbox, cron: str, timezone: str, sentence: str) -> None:
    with pytest.raises(LocalError) as caught:
        scheduler.ensure(schedule(sandbox, cron, timezone))
    assert sentence in str(caught.value)
    assert not Path(sandbox.paths.run).exists()
