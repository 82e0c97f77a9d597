"""``run``: one of the stack's jobs, now, with its own command or another one."""

from __future__ import annotations

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
    from operations.stack import DeployedStack


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

    found = deployed(stack)
    jobs = found.handles.get("jobs") or {}
    if job not in jobs:
        raise Refused(
            f"Stack '{stack}' has no job '{job}': it has {', '.join(jobs) or 'none'}. Jobs are the keys of `jobs` in "
            f"Pulumi.{stack}.yaml; bring a new one up with `make up STACK={stack}`."
        )
    begin = _here if found.handles["provider"] == "local" else _there
    begin(found, job, jobs[job], words or [])
    make_console(stderr=True).print(f"Job {job} of stack {stack} is done.")


def _there(found: DeployedStack, job: str, handle: Mapping[str, Any], words: Sequence[str]) -> None:
    from operations import remote
    from operations.remote.output import Output

    code = remote.run(f"run job {job} of stack {found.name}", found.handles, handle, words, Output())
    if code:
        raise OperationError(f"Job {job} of stack {found.name} failed with exit code {code}.")


def _here(found: DeployedStack, job: str, handle: Mapping[str, Any], words: Sequence[str]) -> None:
    from components.local.host.errors import LocalError
    from components.local.host.jsonfile import read_json
    from components.local.host.processes.jobs import SPEC, JobSpec, attempt, failure, observe

    # a job that an older version brought up has no run_dir
    record = read_json(Path(handle["run_dir"]) / SPEC) if "run_dir" in handle else None
    if record is None:
        raise Refused(f"Job {job} of stack {found.name} is not to be found: run `make up STACK={found.name}` once.")
    spec = JobSpec.from_json(record)
    spec = replace(spec, command=tuple(words)) if words else spec
    if observe(spec.run_dir).state == "running":
        make_console(stderr=True).print(f"Job {job} runs already; this run begins when that one has ended.")
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
    from components.local.host.processes.jobs import is_note
    from operations.logs import written

    ended, read = Event(), {log: log.stat().st_size if log.is_file() else 0}

    def show() -> None:
        for _, line in written(read, ended.is_set):
            typer.echo(line, err=is_note(line))

    thread = Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
