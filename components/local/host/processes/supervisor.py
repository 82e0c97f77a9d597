"""``python -m components.local.host.processes.supervisor <spec.json>``: a daemon that keeps one command running.

The container runtime of the local stack: what ECS and Cloud Run do with a container, this does with a process. It
detaches itself; the command that starts it returns as soon as it holds the lock of the run folder. SIGTERM stops it and
the command. See :class:`ServiceSpec` for what it works by and :class:`ServiceState` for what it says of itself.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
import time
from pathlib import Path

from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.jsonfile import read_json
from components.local.host.processes import environment
from components.local.host.processes.child import Child
from components.local.host.processes.health import Health, check
from components.local.host.processes.logfile import LogFile
from components.local.host.processes.process import Identity, end_remains
from components.local.host.processes.service_spec import ServiceSpec
from components.local.host.processes.status import FILE, StatusFile

LOCK = "supervisor.lock"
ANOTHER = 3
"""Exit code when another supervisor holds the run folder."""
STARTUP_POLL = 0.25
"""Seconds between two checks of a service that starts: its readiness should be seen soon, whatever the interval."""


class Supervisor:
    def __init__(self, spec: ServiceSpec) -> None:
        self.spec = spec
        self.log = LogFile(spec.log, max_bytes=spec.log_max_bytes, files=spec.log_files)
        self.status = StatusFile(spec.run_dir, digest=spec.digest)
        self.stopping = asyncio.Event()
        self.child: Child | None = None
        self.healthy_since: float | None = None
        """Monotonic time at which the present run of the command became healthy."""

    async def run(self) -> None:
        """Start the command again and again until told to stop."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self.stopping.set)
        loop.add_signal_handler(signal.SIGCHLD, self._reap)
        delay = self.spec.backoff
        while not self.stopping.is_set():
            self.healthy_since = None
            await self._live()
            if self.stopping.is_set():
                break
            if self.healthy_since and time.monotonic() - self.healthy_since >= self.spec.backoff_reset:
                delay = self.spec.backoff
            failures = 0 if self.healthy_since else self.status.values["failures"] + 1
            self.status.set(state="backoff", child=None, failures=failures)
            self.log.note(f"starting {self.spec.name} again in {delay:g} s")
            await self._wait(delay)
            delay = min(delay * 2, self.spec.backoff_max)
            self.status.set(restarts=self.status.values["restarts"] + 1)
        self.status.set(state="stopping", child=None)
        self.log.note(f"{self.spec.name} stopped")

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            pass

    def _reap(self) -> None:
        if self.child:
            self.child.reap()

    async def _live(self) -> None:
        """One life of the command: returns when it has ended, by itself or by us, with nothing left of it."""
        spec = self.spec
        try:
            values = secrets.resolve_all(spec.secrets)
            variables = environment.of(spec.run_dir, spec.environment, values)
            child = self.child = Child(spec.command, cwd=spec.cwd, environment=variables, grace=spec.stop_timeout, log=self.log)
        except (LocalError, OSError) as error:
            self.log.note(f"{spec.name} cannot be started: {error}")
            self.status.set(problem=str(error))
            return
        record = child.identity.record if child.identity else None
        self.status.set(state="starting", child=record, problem=None)
        self.log.note(f"{spec.name} started: {' '.join(spec.command)}")
        child.reap()  # it may have ended before SIGCHLD had a handler that knew it
        exited, stopping = asyncio.create_task(child.exited.wait()), asyncio.create_task(self.stopping.wait())
        watch = asyncio.create_task(self._watch())
        await asyncio.wait((exited, stopping, watch), return_when=asyncio.FIRST_COMPLETED)
        for task in (exited, stopping, watch):
            task.cancel()
        if watch.done():
            watch.result()  # a fault of our own ends the supervisor in the open, and the guard then ends the command
        if exited.done() and not exited.cancelled():
            self.log.note(f"{spec.name} ended with exit code {child.code}")
            self.status.set(last_exit=child.code)
        else:
            self.status.set(state="stopping" if self.stopping.is_set() else "unhealthy", last_exit=None)
            await child.stop()
        child.close()
        self.child = None

    async def _watch(self) -> None:
        """Keep the state up to date; returns when the command must be replaced because it is unhealthy."""
        health, port = self.spec.health, self.spec.port
        if health is None or port is None:
            await asyncio.sleep(self.spec.settle)
            self._healthy()
            await asyncio.Event().wait()
            return
        if await self._until_healthy(health, port):
            await self._while_healthy(health, port)
        else:
            self.status.set(given_up=self.status.values["last_health"])
        self.log.note(f"{self.spec.name} is unhealthy: {self.status.values['last_health']}")

    async def _until_healthy(self, health: Health, port: int) -> bool:
        """Check often, but count a failure only once per interval after the start period. False: too many."""
        counted, failures = time.monotonic() + health.start_period, 0
        while failures < health.retries:
            answer = await check(health, self.spec.host, port)
            self.status.set(last_health=answer.seen)
            if answer.healthy:
                self._healthy()
                return True
            if time.monotonic() >= counted + health.interval:
                counted, failures = time.monotonic(), failures + 1
            await asyncio.sleep(min(health.interval, STARTUP_POLL))
        return False

    async def _while_healthy(self, health: Health, port: int) -> None:
        failures = 0
        while failures < health.retries:
            await asyncio.sleep(health.interval)
            answer = await check(health, self.spec.host, port)
            self.status.set(last_health=answer.seen)
            failures = 0 if answer.healthy else failures + 1

    def _healthy(self) -> None:
        self.healthy_since = time.monotonic()
        self.status.set(state="healthy", failures=0, given_up=None)
        self.log.note(f"{self.spec.name} is healthy")


def hold(run_dir: Path) -> None:
    """Take the run folder for this process until it ends; ends it when another supervisor has it."""
    descriptor = os.open(run_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"another supervisor works in {run_dir}", file=sys.stderr)
        sys.exit(ANOTHER)


def detach() -> None:
    """Go on in a child without parent, session and working directory, so that nobody waits for or holds on to us."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    os.umask(0o022)  # as in a container; what is private here gets its mode by name


def main(arguments: list[str]) -> None:
    record = read_json(Path(arguments[0]))
    if record is None:
        sys.exit(f"no spec in {arguments[0]}")
    spec = ServiceSpec.from_json(record)
    hold(spec.run_dir)  # the lock lives in the forked process, too
    detach()
    earlier = read_json(spec.run_dir / FILE) or {}
    end_remains(spec.run_dir, Identity.load(earlier.get("child")), grace=spec.stop_timeout)
    asyncio.run(Supervisor(spec).run())


if __name__ == "__main__":
    main(sys.argv[1:])
