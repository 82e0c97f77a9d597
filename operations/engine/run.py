"""One operation of the engine from lock to outcome: recovery from an interrupted run, Ctrl-C, errors as sentences."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TypeVar

from pulumi.automation import Stack
from pulumi.automation.errors import CommandError, ConcurrentUpdateError
from rich.console import Console

from operations.console import count
from operations.engine.checkout import Checkout
from operations.engine.lock import stack_lock
from operations.engine.messages import clean, is_bug
from operations.engine.progress import Progress
from operations.engine.recovery import clear_pending, end_orphans, free_stale_lock
from operations.engine.workspace import Workspace, open_workspace
from operations.errors import Interrupted, OperationError

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Run:
    """A workspace this process alone may change for now, and where to write."""

    workspace: Workspace
    console: Console
    command: str

    def recovered(self, stack: Stack) -> None:
        """Put in order what an interrupted run left of *stack*: orphaned providers, a dead lock, pending operations."""
        end_orphans(self.workspace.pulumi.work_dir, self.console.print)
        adopts = self.workspace.local
        self._unlocked(stack, lambda: clear_pending(stack, self.console.print, adopts=adopts))

    def operate(self, stack: Stack, action: Callable[[Progress], T], *, planned: bool = False) -> tuple[T, Progress]:
        """Run *action*, an operation on *stack* that reports to the Progress it is given; its result and that Progress.

        Raises Interrupted when it was stopped by a signal, OperationError with the sentences of the engine when it failed.
        """
        command = self.workspace.command
        with Progress(self.console, planned=planned) as progress, command.interruptible(progress.say):
            try:
                return self._unlocked(stack, lambda: action(progress)), progress
            except CommandError as error:
                progress.wait_for_end()
                if command.interrupts:
                    raise self._interrupted(progress) from error
                raise self._failed(progress, error) from error
            finally:
                progress.wait_for_end()

    def _unlocked(self, stack: Stack, action: Callable[[], T]) -> T:
        """*action*, tried again once when Pulumi's own lock turns out to be that of a dead process of this machine."""
        try:
            return action()
        except ConcurrentUpdateError as error:
            free_stale_lock(stack, str(error), self.console.print)
            end_orphans(self.workspace.pulumi.work_dir, self.console.print)  # an engine that has died only now leaves them too
            return action()

    def _interrupted(self, progress: Progress) -> Interrupted:
        done = sum(progress.changes.values())
        lines = [f"Stopped after {count(done, 'finished step')}; what was finished is recorded."]
        if progress.unfinished:
            lines.append(f"Dropped half-way: {', '.join(progress.unfinished)}.")
        lines.append(f"`{self.command}` continues from here.")
        return Interrupted(*lines)

    def _failed(self, progress: Progress, error: CommandError) -> OperationError:
        if not progress.errors:
            return self.workspace.sentence(error)
        sentences = clean(progress.errors)
        if any(is_bug(message) for message in progress.errors):
            report = self.workspace.checkout.state / "last-error.txt"
            report.touch(mode=0o600)
            report.write_text("\n".join(progress.errors))
            sentences.append(f"That is a bug in this program, not in your settings; the full report is in {report}")
        return OperationError(*sentences)


@contextmanager
def begin(checkout: Checkout, stack: str, command: str, console: Console, *, exclusive: bool = True) -> Iterator[Run]:
    """Open *stack*; unless *exclusive* is false nobody else can change it until the block ends.

    *command* is what the user runs, for example ``make up``. Raises Refused when there is no such stack or another run is
    at work on it; whatever Pulumi refuses within the block comes out as an OperationError with a sentence.
    """
    checkout.require(stack)
    lock = stack_lock(checkout.lock_file(stack), stack=stack, command=command) if exclusive else nullcontext()
    with lock:
        run = Run(workspace=open_workspace(checkout, stack), console=console, command=command)
        try:
            yield run
        except CommandError as error:
            raise run.workspace.sentence(error) from error


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun
