"""The command line, ``python -m operations <command>``. Each command's own module is loaded only when it is run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from operations import run, snapshot
from operations.backup import cli as backup_cli
from operations.condition import cli as condition_cli
from operations.connect import cli as connect_cli
from operations.console import make_console
from operations.cost import cli as cost_cli
from operations.data_move import cli as data_cli
from operations.deploy import cli as deploy_cli
from operations.doctor import cli as doctor_cli
from operations.drill import cli as drill_cli
from operations.engine.checkout import find_checkout
from operations.errors import OperationError
from operations.failover import cli as failover_cli
from operations.forge import cli as forge_cli
from operations.gate import cli as gate_cli
from operations.image import cli as image_cli
from operations.migrate import cli as migrate_cli
from operations.restore import cli as restore_cli
from operations.review import cli as review_cli
from operations.review.prices import cli as prices_cli
from operations.rotation import cli as rotation_cli
from operations.top import cli as top_cli

app = typer.Typer(
    help="Bring stacks up, look at them, take them down; migrate, back up, restore and look after their databases.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

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


for name, group in (
    ("migrate", migrate_cli),
    ("backup", backup_cli),
    ("snapshot", snapshot),
    ("restore", restore_cli),
    ("data", data_cli),
    ("image", image_cli),
    ("prices", prices_cli),
):
    app.add_typer(group.app, name=name)
for command in (
    run.run,
    condition_cli.status,
    top_cli.top,
    doctor_cli.doctor,
    cost_cli.cost,
    connect_cli.connect,
    drill_cli.drill,
    rotation_cli.rotate,
    deploy_cli.deploy,
    deploy_cli.rollback,
    failover_cli.switchover,
    failover_cli.failover,
    failover_cli.promote,
    review_cli.review,
    gate_cli.gate,
    forge_cli.comment,
    forge_cli.propose,
):
    app.command()(command)


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
