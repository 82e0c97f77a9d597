"""The command line, ``python -m operations <command>``. Each command's own module is loaded only when it is run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from operations.backup import cli as backup_cli
from operations.console import make_console
from operations.engine.checkout import find_checkout
from operations.errors import OperationError
from operations.forge import cli as forge_cli
from operations.gate import cli as gate_cli
from operations.image import cli as image_cli
from operations.migrate import cli as migrate_cli
from operations.review import cli as review_cli
from operations.review.prices import cli as prices_cli

app = typer.Typer(
    help="Bring stacks up, look at them, take them down; migrate and back up databases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(migrate_cli.app, name="migrate")
app.add_typer(backup_cli.app, name="backup")
app.add_typer(image_cli.app, name="image")
app.add_typer(prices_cli.app, name="prices")
app.command()(forge_cli.comment)
app.command()(forge_cli.propose)
app.command()(gate_cli.gate)
app.command()(review_cli.review)

StackName = Annotated[str, typer.Option("--stack", help="The stack: the S of a Pulumi.S.yaml.")]


@app.command()
def up(
    stack: StackName = "local",
    yes: Annotated[bool, typer.Option("--yes", help="For scripts; up never asks anyway.")] = False,
    target: Annotated[list[str] | None, typer.Option("--target", help="Only this resource: a URN, or a pattern with **.")] = None,
) -> None:
    """Bring a stack to what its settings say; mend what was killed."""
    from operations import up as operation

    del yes
    operation.up(find_checkout(), stack, make_console(), target=target)


@app.command()
def down(
    stack: StackName = "local",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; the data is destroyed.")] = False,
) -> None:
    """Take a stack down, its data included; asks first."""
    from operations import down as operation

    operation.down(find_checkout(), stack, make_console(), yes=yes)


@app.command()
def status(
    stack: StackName = "local",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON on standard output.")] = False,
) -> None:
    """Say what runs. Exit code 0: all of it; 1: something is down; 2: it cannot be told."""
    from operations import status as operation

    raise typer.Exit(operation.status(find_checkout(), stack, make_console(), as_json=as_json))


@app.command()
def preview(
    stack: StackName = "local",
    expect_no_changes: Annotated[bool, typer.Option("--expect-no-changes", help="Exit code 1 when up would change it.")] = False,
) -> None:
    """Show what up would do, and do nothing."""
    from operations import up as operation

    operation.preview(find_checkout(), stack, make_console(), expect_no_changes=expect_no_changes)


@app.command()
def refresh(stack: StackName = "local") -> None:
    """Look at everything again and record what was found."""
    from operations import up as operation

    operation.refresh(find_checkout(), stack, make_console())


@app.command()
def logs(
    name: Annotated[str, typer.Argument(help="Only logs whose name holds this.")] = "",
    stack: StackName = "local",
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="So many last lines of each.")] = 20,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is being written.")] = False,
) -> None:
    """Print the logs of a stack's servers, services and jobs."""
    from operations import logs as operation

    operation.logs(find_checkout(), stack, make_console(), name=name, lines=lines, follow=follow)


def main() -> None:
    """Run the command line and end the process: 0 done, 1 failed, 2 refused or bad input, 130 interrupted."""
    try:
        app(prog_name="python -m operations")
    except OperationError as error:
        sys.exit(_say(error.sentences, error.exit_code))
    except SystemExit as end:
        if end.code == 130:  # typer's answer to a Ctrl-C that met no operation of the engine
            _say(("Interrupted.",), 130)
        raise
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        sys.exit(_say((f"{what}. Mend that (space, permissions) and run the same command again.",), 1))
    except Exception as error:
        if not type(error).__module__.startswith("components."):
            raise
        sys.exit(_say((str(error),), 1))  # one of the local provider's: it carries a sentence


def _say(sentences: tuple[str, ...], code: int) -> int:
    console = make_console(stderr=True)
    for sentence in sentences:
        console.print(sentence, style="red" if code == 1 else "")
    return code
