"""A stack that is up, as an operation sees it: what the last ``up`` put out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console

from operations.engine.checkout import Checkout, find_checkout
from operations.errors import Refused


@dataclass(frozen=True, kw_only=True)
class DeployedStack:
    """A stack of this checkout and its outputs, those that are secret left out."""

    checkout: Checkout
    name: str
    outputs: Mapping[str, Any]
    handles: Mapping[str, Any]
    """The output ``handles``: by what the provider's own interface knows database, backups, jobs and services. No secrets."""


def deployed(name: str) -> DeployedStack:
    """The stack *name* as its last ``up`` left it; nothing is changed, and an ``up`` that is at work does not matter.

    Raises Refused where the checkout has no such stack file, or the stack is not up.
    """
    checkout = find_checkout()
    checkout.require(name)
    # Only now: the engine takes half a second to load.
    from operations.engine.run import begin
    from operations.report import make_command, plain_outputs
    from operations.up import existing

    with begin(checkout, name, make_command("status", name), Console(quiet=True), exclusive=False) as run:
        outputs = plain_outputs(existing(run.workspace.select(), name).outputs())
    up = make_command("up", name)
    if not outputs.get("database"):
        raise Refused(f"Stack '{name}' is not up: bring it up with `{up}`.")
    if not isinstance(outputs.get("handles"), Mapping):
        raise Refused(f"Stack '{name}' was brought up by an older version, which put out no handles: run `{up}` once.")
    return DeployedStack(checkout=checkout, name=name, outputs=outputs, handles=outputs["handles"])
