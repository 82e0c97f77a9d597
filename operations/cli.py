"""The command line, ``python -m operations <command>``. A command's modules are loaded only when it is run."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from operations.console import make_console
from operations.errors import OperationError

COMMANDS = {
    "up": "operations.whole_stack:up",
    "down": "operations.whole_stack:down",
    "preview": "operations.whole_stack:preview",
    "refresh": "operations.whole_stack:refresh",
    "logs": "operations.whole_stack:logs",
    "migrate": "operations.migrate.cli:app",
    "backup": "operations.backup.cli:app",
    "snapshot": "operations.snapshot:app",
    "restore": "operations.restore.cli:app",
    "data": "operations.data_move.cli:app",
    "image": "operations.image.cli:app",
    "prices": "operations.review.prices.cli:app",
    "run": "operations.run:run",
    "status": "operations.condition.cli:status",
    "top": "operations.top.cli:top",
    "doctor": "operations.doctor.cli:doctor",
    "cost": "operations.cost.cli:cost",
    "connect": "operations.connect.cli:connect",
    "drill": "operations.drill.cli:drill",
    "rotate": "operations.rotation.cli:rotate",
    "deploy": "operations.deploy.cli:deploy",
    "rollback": "operations.deploy.cli:rollback",
    "switchover": "operations.failover.cli:switchover",
    "failover": "operations.failover.cli:failover",
    "promote": "operations.failover.cli:promote",
    "review": "operations.review.cli:review",
    "gate": "operations.gate.cli:gate",
    "comment": "operations.forge.cli:comment",
    "propose": "operations.forge.cli:propose",
}
"""In which module a command is, and under which name: a function, or an app with commands of its own."""


class Loader(TyperGroup):
    """Makes a command when it is asked for, so that none waits for the others."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        # Typer suggests, for a name that is none, one of those that are made.
        for name in [cmd_name] if cmd_name in COMMANDS else COMMANDS:
            if name not in self.commands:
                self.commands[name] = _made(name)
        return super().get_command(ctx, cmd_name)


def _made(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    found = getattr(import_module(module), attribute)
    alone = typer.Typer(rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    return typer.main.get_group(alone).commands[name]


app = typer.Typer(cls=Loader, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def program() -> None:
    """Bring stacks up, look at them, take them down; migrate, back up, restore and look after their databases."""


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
