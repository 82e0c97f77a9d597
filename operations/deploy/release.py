"""Stack file, ``up``, watch, compare: one change of one service, from what runs before to what runs after."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from operations.cloud.contract import Running, ServiceControl
from operations.deploy.watch import Wanted, described, problem_of, wait
from operations.engine.checkout import Checkout
from operations.errors import OperationError, Refused


@dataclass(frozen=True, kw_only=True)
class Released:
    """What runs now, and what did before."""

    service: str
    stack: str
    before: Running
    after: Running
    seconds: float

    def to_json(self) -> dict[str, Any]:
        after, before = self.after, self.before
        return {
            "service": self.service, "stack": self.stack, "image": after.image, "version": after.version,
            "healthy": after.healthy, "desired": after.desired, "seconds": round(self.seconds, 1),
            "before": {"image": before.image, "version": before.version},
        }  # fmt: skip


def require_free(checkout: Checkout, stack: str, command: str) -> None:
    """Raises Refused while another run is at work on the stack: the stack file is not to be changed under it."""
    from operations.engine.lock import stack_lock

    with stack_lock(checkout.lock_file(stack), stack=stack, command=command):
        return


def release(
    checkout: Checkout,
    stack: str,
    service: str,
    before: Running,
    wanted: Callable[[Mapping[str, Any]], Wanted],
    *,
    wait_seconds: float,
    console: Console,
    undo: Callable[[], None] = lambda: None,
    repeat: str = "",
) -> Released:
    """Brings the stack up and watches *service* until it settles. *wanted* is asked with the service's handle after that.

    *repeat* is the command that goes on with this one, where that is not the same again. *undo* puts the stack file back; it is
    called only where the engine refused to begin. Raises OperationError where something else runs in the end than was wanted,
    with the reason and what does run.
    """
    from operations.cloud import service_control
    from operations.stack import deployed
    from operations.up import up

    rollback = f"`python -m operations rollback {service} --stack {stack}`"
    way_back = f"{rollback} says or does what brings back what worked before."
    again = f"the same command watches on, and {rollback} goes back"
    if repeat:
        way_back, again = f"`{repeat}` tries it again.", f"`{repeat}` watches on"
    begun = time.monotonic()
    try:
        up(checkout, stack, console)
    except Refused:
        undo()
        raise
    except OperationError as error:
        raise type(error)(*error.sentences, f"Before this, {service} ran {described(before)}.", way_back) from None
    handles = deployed(stack).handles
    control: ServiceControl = service_control(handles)
    console.print(f"Watching {service} ...")
    after = wait(control, service, wait_seconds, console.print, again)
    problem = problem_of(after, wanted(handles["services"][service]))
    if problem:
        raise OperationError(
            f"{service} does not run as wanted: {problem}. What runs: {described(after)}.",
            way_back,
        )
    return Released(service=service, stack=stack, before=before, after=after, seconds=time.monotonic() - begun)


def keeper(path: Path) -> Callable[[], None]:
    """Puts the file *path* back to what it is now."""
    text = path.read_text()

    def put_back() -> None:
        temporary = path.with_name(f".{path.name}.old")
        temporary.write_text(text)
        temporary.replace(path)

    return put_back
