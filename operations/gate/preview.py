"""Makes a real preview of a stack with the policy pack, as ``pulumi preview --json`` streams it, and exports its state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pulumi.automation.errors import CommandError
from rich.console import Console

from operations.engine.checkout import Checkout
from operations.engine.run import begin
from operations.gate.stream import SWITCH

COMMAND = "python -m operations gate --stack {}"


def export(checkout: Checkout, stack: str, console: Console) -> Any:
    """The deployment of *stack* in its backend; None when it was never brought up.

    Raises Refused or OperationError when there is no such stack or Pulumi cannot read it.
    """
    with begin(checkout, stack, COMMAND.format(stack), console, exclusive=False) as run:
        selected = run.workspace.select()
        return selected.export_stack().deployment if selected else None


def record(checkout: Checkout, stack: str, console: Console, *, pack: Path | None, config: Path) -> tuple[list[str], Any]:
    """The lines of a preview of *stack*, refreshed as ``up`` refreshes, and the deployment that it was made against.

    *pack*: folder of the policy pack, run with the configuration file *config*; None runs none. Changes nothing.
    Raises Refused or OperationError when the preview did not get far enough to tell anything.
    """
    lines: list[str] = []
    packs = [str(pack)] if pack else None
    configs = [str(config)] if pack else None
    with begin(checkout, stack, COMMAND.format(stack), console, exclusive=False) as run:
        made = run.workspace.create_or_select()
        deployment = made.export_stack().deployment
        run.workspace.pulumi.env_vars = {**run.workspace.pulumi.env_vars, SWITCH: "true"}
        try:
            made.preview(
                json=True, refresh=True, color="never", policy_packs=packs, policy_pack_configs=configs, on_output=lines.append
            )
        except CommandError as error:
            if not any('"summaryEvent"' in line for line in lines):
                raise run.workspace.sentence(error) from error
        except RuntimeError:  # the Automation API misses the summary event; so will the reader of these lines, in a sentence
            pass
    return lines, deployment
