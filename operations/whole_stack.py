"""The commands on a whole stack: up, down, preview, refresh, logs. What they need is loaded when they run."""

from __future__ import annotations

from typing import Annotated

import typer

from operations.console import make_console
from operations.engine.checkout import find_checkout

StackName = Annotated[str, typer.Option("--stack", help="The stack: the S of a Pulumi.S.yaml.")]


def up(
    stack: StackName = "local",
    yes: Annotated[bool, typer.Option("--yes", help="For scripts; up never asks anyway.")] = False,
    target: Annotated[list[str] | None, typer.Option("--target", help="Only this resource: a URN, or a pattern with **.")] = None,
) -> None:
    """Bring a stack to what its settings say; mend what was killed."""
    from operations import up as operation

    del yes
    operation.up(find_checkout(), stack, make_console(), target=target)


def down(
    stack: StackName = "local",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; the data is destroyed.")] = False,
) -> None:
    """Take a stack down, its data included; asks first."""
    from operations import down as operation

    operation.down(find_checkout(), stack, make_console(), yes=yes)


def preview(
    stack: StackName = "local",
    expect_no_changes: Annotated[bool, typer.Option("--expect-no-changes", help="Exit code 1 when up would change it.")] = False,
) -> None:
    """Show what up would do, and do nothing."""
    from operations import up as operation

    operation.preview(find_checkout(), stack, make_console(), expect_no_changes=expect_no_changes)


def refresh(stack: StackName = "local") -> None:
    """Look at everything again and record what was found."""
    from operations import up as operation

    operation.refresh(find_checkout(), stack, make_console())


def logs(
    name: Annotated[str, typer.Argument(help="Only logs whose name holds this.")] = "",
    stack: StackName = "local",
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="So many last lines of each.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is being written.")] = False,
) -> None:
    """Print the logs of a stack's servers, services and jobs."""
    from operations import logs as operation

    operation.logs(find_checkout(), stack, make_console(), name=name, lines=lines, follow=follow)
