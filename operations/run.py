"""``run``: one of the stack's jobs, now, with its own command or another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Annotated, Any

import typer

from operations.console import make_console
from operations.errors import OperationError, Refused

if TYPE_CHECKING:
    from rich.console import Console

    from operations.stack import DeployedStack

_NOTE = re.compile(r"\[\d{4}-\S+\] job ")
"""When a run began and ended, as ``LogFile.note`` writes it."""


def run(
    job: Annotated[str, typer.Argument(help="The job, as the stack file names it.")],
    words: Annotated[list[str] | None, typer.Argument(metavar="[-- COMMAND...]", help="Instead of the job's own.")] = None,
    stack: Annotated[str, typer.Option("--stack", help="The stack: the S of a Pulumi.S.yaml.")] = "local",
) -> None:
    """Run one of the stack's jobs now, with its image, variables, secrets and database rights, and watch it to its end.

    What it writes goes to standard output. Exit code 1 where the job's own is not 0. Ctrl-C ends a job of this machine; one in a
    cloud goes on, and is told how to be ended. Another command sees the same secrets: who may run jobs may read them.
    """
    from operations.stack import deployed

    found, console = deployed(stack), make_console(stderr=True)
    jobs = found.handles.get("jobs") or {}
    if job not in jobs:
        raise Refused(
            f"Stack '{stack}' has no job '{job}': it has {', '.join(jobs) or 'none'}. Jobs are the keys of `jobs` in "
            f"Pulumi.{stack}.yaml; bring a new one up with `make up STACK={stack}`."
        )
    begin = _here if found.handles["provider"] == "local" else _there
    begin(found, job, jobs[job], words or [], console)
    console.print(f"Job {job} of stack {stack} is done.")


def _there(found: DeployedStack, job: str, handle: Mapping[str, Any], words: Sequence[str], console: Console) -> None:
    from operations import remote
    from operations.remote.output import Output

    del console  # the watching has its own
    code = remote.run(f"run job {job} of stack {found.name}", found.handles, handle, words, Output())
    if code:
        raise OperationError(f"Job {job} of stack {found.name} failed with exit code {code}.")


def _here(found: DeployedStack, job: str, handle: Mapping[str, Any], words: Sequence[str], console: Console) -> None:
    from components.local.host.errors import LocalError
    from components.local.host.jsonfile import read_json
    from components.local.host.processes.jobs import SPEC, JobSpec, attempt, failure, observe

    run_dir = Path(handle.get("run_dir", ""))  # one brought up by an older version says nothing
    record = read_json(run_dir / SPEC)
    if record is None:
        raise Refused(f"Job {job} of stack {found.name} is not to be found: run `make up STACK={found.name}` once.")
    spec = JobSpec.from_json(record)
    spec = replace(spec, command=tuple(words)) if words else spec
    if observe(run_dir).state == "running":
        console.print(f"Job {job} runs already; this run begins when that one has ended.")
    try:
        with _shown(spec.log):
            _, state = attempt(spec)
    except LocalError as error:
        raise OperationError(str(error)) from None
    if state.state != "succeeded":
        raise OperationError(f"{failure(spec, state)}. Its log: {spec.log}.")


@contextmanager
def _shown(log: Path) -> Iterator[None]:
    """What the job writes to *log* from now on goes to standard output, our own notes between it to standard error."""
    from operations.logs import written

    ended, read = Event(), {log: log.stat().st_size if log.is_file() else 0}

    def show() -> None:
        for _, line in written(read, ended.is_set):
            typer.echo(line, err=_NOTE.match(line) is not None)

    thread = Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
