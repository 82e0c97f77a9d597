"""Which version a service goes back to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.settings.workload import Traffic
from operations.cloud.contract import Running
from operations.deploy.watch import Wanted
from operations.errors import Refused

Versions = Sequence[tuple[str, str]]
"""Version and image, newest first."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A version that ran and can run again."""

    version: str
    image: str


def target_of(
    versions: Versions, running: Running, wanted: Wanted, to: str | None, *, traffic: Traffic | None, command: str
) -> Target:
    """*to*, or by default the one before; where *wanted*, the image of the stack, has not come to run, what runs now.

    *traffic*: who gets the requests by the stack file, where versions differ by more than their image (Cloud Run); else None.
    *command* is ``rollback`` without ``--to``. Raises Refused, listing the versions that there are, where there is no such one,
    or where the service has gone back or is on its way: the same again would bring up what was left, or what is older still.
    """
    there = [Target(version=version, image=image) for version, image in versions]
    listed = "; ".join(f"{one.version} ({one.image})" for one in there) or "none"
    if to is None and traffic and traffic.mode == "canary":
        to = traffic.stable_revision
    if to is not None:
        found = next((one for one in there if one.version == to), None)
        if found is None:
            raise Refused(
                f"There is no version {to} to go back to. Those that ran and can run again: {listed}. Nothing was done."
            )
        return found
    reason = _went_back(there, running, wanted, traffic)
    if reason:
        raise Refused(f"{reason}: say with `{command} --to VERSION` which shall run; there are {listed}. Nothing was done.")
    if running.version and (running.failed or not wanted.is_of(running.image)):
        return Target(version=running.version, image=running.image)
    older = _older(there, running)
    if traffic is None:  # versions of one image differ in their settings only, which the stack file has
        older = [one for one in older if _content(one.image) != _content(running.image)]
    if not older:
        raise Refused(f"Nothing ran before {running.version or 'that'} that can run again: {listed}. Nothing was done.")
    return older[0]


def _went_back(there: Sequence[Target], running: Running, wanted: Wanted, traffic: Traffic | None) -> str:
    """Why the version before the present one may be one that was left, rather than one that worked; empty where it is not."""
    if traffic and traffic.mode == "pinned":
        return f"The stack file pins version {traffic.stable_revision} already"
    if running.version and not wanted.is_of(running.image):
        # the newest is the one that comes up now, whether it ran before or not
        back = next((one for one in _older(there[1:], running) if wanted.is_of(one.image)), None)
        return f"The image of {back.version}, which ran before {running.version}, is on its way or was given up" if back else ""
    if running.failed:
        return ""
    if traffic:
        under_way = f"A roll-out from {running.version} or to it is under way" if not running.settled else ""
        newest = not there or running.version in ("", there[0].version)
        return under_way or ("" if newest else f"{running.version} runs though {there[0].version} is newer and was ready")
    same = [index for index, one in enumerate(there) if _content(one.image) == _content(running.image)]
    between = there[same[0] : same[-1] + 1] if same else []
    left = next((one for one in between if _content(one.image) != _content(running.image)), None)
    if left:
        return f"{between[0].version} has gone back from {left.version} already"
    # one that was never healthy is no version to go back to, but it has taken its number
    numbers = [int(one.version.rpartition(":")[2]) for one in between if one.version.rpartition(":")[2].isdigit()]
    if numbers and max(numbers) - min(numbers) >= len(numbers):
        return f"{between[0].version} has the image of {between[-1].version}, and one between them never got to run"
    return ""


def _older(there: Sequence[Target], running: Running) -> list[Target]:
    present = next((index for index, one in enumerate(there) if one.version == running.version), -1)
    return [one for one in there[present + 1 :] if one.version != running.version]


def _content(image: str) -> str:
    """What says whether two are the same: the digest, whatever the tag beside it."""
    return image.partition("@")[2] or image
