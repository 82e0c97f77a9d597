"""From the engine's word that a service is up to date to the version that really takes its traffic."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from operations.cloud.contract import Running, Say, ServiceControl
from operations.errors import Interrupted, OperationError

POLL_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What shall run: an image, or where one image has many versions, the version."""

    image: str = ""
    """With its digest or tag; as the stack puts it out."""
    version: str = ""
    back: bool = False
    """On the way back it does not matter that the version after it was given up."""

    def runs(self, running: Running) -> bool:
        return running.version == self.version if self.version else self.is_of(running.image)

    def is_of(self, image: str) -> bool:
        name, _, digest = self.image.partition("@")
        return digest in image if digest else image.partition("@")[0] == name

    def __str__(self) -> str:
        return self.version or self.image


def wait(
    control: ServiceControl, service: str, seconds: float, say: Say, again: str, clock: Callable[[], float] = time.monotonic
) -> Running:
    """*service* once no roll-out is under way. Raises OperationError after *seconds*, Interrupted on Ctrl-C: it goes on then,
    and *again* says how to watch on."""
    deadline, told = clock() + seconds, ""
    try:
        while True:
            running = control.running(service)
            line = described(running)
            if line != told:
                say(f"  {line}{'' if running.settled else ', rolling out'}")
                told = line
            if running.settled:
                return running
            if clock() > deadline:
                raise OperationError(f"{service} is still rolling out after {seconds:g} s: {line}. It goes on; {again}.")
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        raise Interrupted(f"Stopped watching; the roll-out goes on; {again}.") from None


def problem_of(running: Running, wanted: Wanted) -> str | None:
    """Why what runs is not what was wanted; None when it is.

    A roll-out that was given up is a failure also where the provider calls its return to the old version a success.
    """
    if running.failed and not (wanted.back and wanted.runs(running)):
        return f"the roll-out was given up: {running.failed.rstrip('.')}"
    if not wanted.runs(running):
        return f"it was to be {wanted}"
    if running.healthy < running.desired:
        return f"only {running.healthy} of {running.desired} are healthy"
    return None


def described(running: Running) -> str:
    """``api@sha256:... (family:7), 2 of 2 healthy``; on `local` the image ends with the version."""
    if not running.version:
        return "nothing runs"
    version = "" if running.version in running.image else f" ({running.version})"
    return f"{running.image}{version}, {running.healthy} of {running.desired} healthy"
