"""``python -m operations gate``: exit 0 it may be brought up, 1 it loses data or breaks a policy, 2 it cannot be judged."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

STREAM = typer.Argument(help="The preview's streaming JSON, a file. - or nothing: standard input.", show_default=False)
STACK = typer.Option("--stack", help="Compare with this stack's state. Without STREAM also make its preview, with the policies.")
STATE = typer.Option("--state", help="What `pulumi stack export` wrote, instead of --stack.")
BREAK_GLASS = typer.Option("--break-glass", help="Accepted losses; policies/break-glass.yaml by default.", show_default=False)
UNDECIDED = typer.Option(
    "--undecided", help="What a preview need not decide; policies/undecided.json by default.", show_default=False
)
CONFIG = typer.Option("--policy-config", help="Levels of the rules; by default those of the stack's tier.", show_default=False)
NO_POLICIES = typer.Option("--no-policies", help="Judge a preview that was made without the policy pack.")
KEEP = typer.Option("--keep", help="With --stack alone: keep preview.jsonl and state.json in this folder.")
AS_JSON = typer.Option("--json", help="One JSON value on standard output, nothing else.")


def gate(
    stream: Annotated[str, STREAM] = "",
    stack: Annotated[str, STACK] = "",
    state: Annotated[Path | None, STATE] = None,
    break_glass: Annotated[Path | None, BREAK_GLASS] = None,
    undecided: Annotated[Path | None, UNDECIDED] = None,
    policy_config: Annotated[Path | None, CONFIG] = None,
    no_policies: Annotated[bool, NO_POLICIES] = False,
    keep: Annotated[Path | None, KEEP] = None,
    as_json: Annotated[bool, AS_JSON] = False,
) -> None:
    """Judge a real preview: refuse what would lose data or its protection, or what breaks a policy."""
    from operations.engine.checkout import find_checkout
    from operations.errors import OperationError
    from operations.gate import report
    from operations.gate.examine import Given, examine
    from operations.output import fail, print_json

    given = Given(
        stream=stream,
        stack=stack,
        state=state,
        break_glass=break_glass,
        undecided=undecided,
        policy_config=policy_config,
        policies=not no_policies,
        keep=keep,
    )
    try:
        verdict, errors = examine(given, find_checkout(), date.today())
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(report.as_json(verdict, errors))
    else:
        for line in report.text(verdict, errors):
            typer.echo(line)
    raise typer.Exit(1 if verdict.refusals else 0)
