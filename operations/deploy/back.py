"""Which version a service goes back to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def target_of(versions: Versions, running: Running, wanted: Wanted, to: str | None) -> Target:
    """*to*, or by default the one before; where the provider has already gone back by itself, what runs now.

    Raises Refused where there is no such version, listing those that there are.
    """
    there = [Target(version=version, image=image) for version, image in versions]
    listed = "; ".join(f"{one.version} ({one.image})" for one in there) or "none"
    if to is not None:
        found = next((one for one in there if one.version == to), None)
        if found is None:
            raise Refused(
                f"There is no version {to} to go back to. Those that ran and can run again: {listed}. Nothing was done."
            )
        return found
    if running.version and (running.failed or not wanted.runs(running)):
        return Target(version=running.version, image=running.image)
    present = next((index for index, one in enumerate(there) if one.version == running.version), -1)
    older = [one for one in there[present + 1 :] if one.version != running.version]
    if not wanted.version:  # versions of one image differ in their settings only, which the stack file has
        older = [one for one in older if one.image != running.image]
    if not older:
        raise Refused(f"Nothing ran before {running.version or 'that'} that can run again: {listed}. Nothing was done.")
    return older[0]
