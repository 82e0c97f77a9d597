"""Watching a task: its lines and its end. Ctrl-C ends the watching only."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from operations.errors import Interrupted, OperationError
from operations.remote.output import Output

POLL_SECONDS = 3.0
"""Pause between two looks: Cloud Logging answers sixty times a minute and project."""
SETTLE_SECONDS = 6.0
"""A cloud's log is a few seconds late: how long it must be silent after the end until nothing more is expected."""
ANSWER_SECONDS = 60.0
"""How long an answer (``--json``) is waited for after the end."""


class Task(Protocol):
    """A command that runs in a cloud."""

    def state(self) -> str:
        """In the cloud's words."""

    def ended(self) -> bool:
        """Whether it is over, by the last look at its state."""

    def lines(self) -> list[str]:
        """What it has written since the last call."""

    def stop_command(self) -> str:
        """What a person types to end it."""


def watch(task: Task, output: Output, clock: Callable[[], float] = time.monotonic) -> None:
    """Shows lines and states of *task* until it is over and its log is silent.

    Raises Interrupted on Ctrl-C, OperationError where the cloud does not answer; both say how to end what goes on there.
    """
    last, over, heard = "", 0.0, 0.0
    try:
        while True:
            if not over:
                state = task.state()
                if state != last:
                    output.say(state)
                    last = state
                if task.ended():
                    over = heard = clock()
            found = task.lines()
            for line in found:
                output.line(line)
            now = clock()
            heard = now if found else heard
            if over and (now - over >= ANSWER_SECONDS or (now - heard >= SETTLE_SECONDS and output.whole)):
                return
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped watching; the command goes on in the cloud.", f"To end it there: {task.stop_command()}"
        ) from None
    except OperationError as error:
        raise OperationError(
            *error.sentences, f"The command may go on in the cloud. To end it there: {task.stop_command()}"
        ) from None
    finally:
        output.end()
