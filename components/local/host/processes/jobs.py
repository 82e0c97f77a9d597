"""Jobs: commands that run to their end, and whose exit code counts."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.files import locked
from components.local.host.jsonfile import private_folder, read_json, write_json
from components.local.host.processes import environment, logfile
from components.local.host.processes.child import guarded
from components.local.host.processes.commands import require_command
from components.local.host.processes.guard import shell_code
from components.local.host.processes.logfile import LogFile, now
from components.local.host.processes.process import KILL_SECONDS, Identity, end_remains, end_session
from components.local.host.processes.status import FILE

SPEC = "job.json"

_NOTE = re.compile(r"\[\d{4}-\S+\] job ")

TIMEOUT = 3600.0
"""Seconds a job may take by default."""


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """A command to run to its end. Holds references to secrets, never their values."""

    name: str
    """Name for sentences, for example ``migrate``."""
    command: tuple[str, ...]
    """Program and arguments, looked up as for a service."""
    cwd: Path
    """Working directory, an absolute path."""
    run_dir: Path
    """Folder of its own for ``status.json``, made with mode 0700."""
    log: Path
    """File its output is appended to, after one line that says which run begins."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Plain variables over the clean environment."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Variables to references, resolved at every run."""
    timeout: float = TIMEOUT
    """Seconds until it is stopped and has failed."""
    stop_timeout: float = 10.0
    """Seconds between SIGTERM and SIGKILL when it must be stopped."""
    setting: str = ""
    """The settings key of this job, for sentences. Default ``jobs.<name>``."""

    @property
    def key(self) -> str:
        return self.setting or f"jobs.{self.name}"

    def to_json(self) -> dict[str, Any]:
        value = asdict(self)
        return value | {key: str(value[key]) for key in ("cwd", "run_dir", "log")} | {"command": list(self.command)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> JobSpec:
        """From :meth:`to_json`, or from the plain properties of a resource: what is absent or None takes its default."""
        known = {item.name for item in fields(cls)}
        given = {key: item for key, item in value.items() if key in known and item is not None}
        given |= {key: Path(given[key]) for key in ("cwd", "run_dir", "log")}
        return cls(**given | {"command": tuple(given["command"])})


@dataclass(frozen=True, kw_only=True)
class JobState:
    """The last run of a job."""

    state: str
    """never, running, succeeded, failed, or lost (whoever ran it was killed)."""
    started: str = ""
    """UTC, ISO 8601."""
    seconds: float = 0.0
    exit_code: int | None = None
    """128 + n when signal n ended it; None when it ran out of time or never ran."""


def write(spec: JobSpec) -> None:
    """Leave the job's spec in its folder, for those who run it by hand."""
    private_folder(spec.run_dir)
    write_json(spec.run_dir / SPEC, spec.to_json())


def is_note(line: str) -> bool:
    """Whether *line* of a job's log says when a run began or ended, and is none of the job's own."""
    return _NOTE.match(line) is not None


def observe(run_dir: Path) -> JobState:
    """What is recorded of the last run. Changes nothing."""
    record = read_json(run_dir / FILE)
    if record is None:
        return JobState(state="never")
    child = Identity.load(record.get("child"))
    if record["state"] == "running" and not (child and child.alive):
        record["state"] = "lost"
    return JobState(**{key: record[key] for key in ("state", "started", "seconds", "exit_code")})


def run(spec: JobSpec) -> JobState:
    """:func:`attempt` that must succeed.

    :raises LocalError: it could not start, failed or took too long: exit code, last log lines, log file.
    """
    since, state = attempt(spec)
    if state.state == "succeeded":
        return state
    lines = secrets.mask(logfile.tail(spec.log, since=since), spec.secrets.values())
    raise LocalError(f"{failure(spec, state)}. Its last log lines ({spec.log}):\n{lines}")


def failure(spec: JobSpec, state: JobState) -> str:
    """How the run that ended with *state* went wrong, as half a sentence."""
    if state.exit_code is None:
        return f"job {spec.name} was stopped after {spec.timeout:g} s, the time {spec.key}.timeout allows"
    return f"job {spec.name} failed with exit code {state.exit_code} after {state.seconds:.1f} s"


def attempt(spec: JobSpec) -> tuple[int, JobState]:
    """Run the job and wait for its end; where in its log this run begins, and how it ended. Two runs of one job never overlap:
    the second waits for the first.

    The command and all it started is stopped when its time is up, when the caller is interrupted, and when the caller
    is killed (then by its guard).

    :raises LocalError: it could not start.
    """
    require_command(spec.command, spec.cwd, owner=f"job {spec.name}", key=spec.key)
    try:
        values = secrets.resolve_all(spec.secrets)
    except LocalError as error:
        raise LocalError(f"job {spec.name} cannot start: {error}") from None
    private_folder(spec.run_dir)
    with locked(spec.run_dir.parent / f".{spec.run_dir.name}.lock"):
        earlier = read_json(spec.run_dir / FILE) or {}
        end_remains(spec.run_dir, Identity.load(earlier.get("child")), grace=spec.stop_timeout)
        variables = environment.of(spec.run_dir, spec.environment, values)
        return _run(spec, variables)


def _run(spec: JobSpec, variables: Mapping[str, str]) -> tuple[int, JobState]:
    """Returns where in the log this run begins, and how it ended."""
    log = LogFile(spec.log)
    started, begin = now(), time.monotonic()

    def record(state: str, code: int | None = None, child: Identity | None = None) -> JobState:
        result = JobState(state=state, started=started, seconds=round(time.monotonic() - begin, 3), exit_code=code)
        write_json(spec.run_dir / FILE, asdict(result) | {"child": child.record if child else None})
        return result

    try:
        if logfile.size(spec.log) > log.max_bytes:
            log.rotate()
        since = logfile.size(spec.log)
        log.note(f"job {spec.name} started: {' '.join(spec.command)}")
        process = subprocess.Popen(
            guarded(spec.command, grace=spec.stop_timeout),
            cwd=spec.cwd,
            env=dict(variables),
            stdin=subprocess.PIPE,
            stdout=log.fileno(),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            record("running", child=Identity.of(process.pid))
            code: int | None = shell_code(process.wait(spec.timeout))
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process, spec.stop_timeout)
        log.note(f"job {spec.name} " + (f"ended with exit code {code}" if code is not None else "ran out of time"))
        return since, record("succeeded" if code == 0 else "failed", code)
    finally:
        log.close()


def _end(process: subprocess.Popen[bytes], grace: float) -> None:
    """Whatever happened: nothing of the job goes on."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(grace + KILL_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    end_session(process.pid, grace=0)
    process.wait()
