"""A stack of a checkout, opened for the Automation API in a working copy, so that the checkout stays clean under git."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pulumi.automation import Deployment, LocalWorkspace, OutputMap, OutputValue, Stack, UpdateSummary
from pulumi.automation._stack import StackInitMode
from pulumi.automation.errors import CommandError, StackNotFoundError

from operations.engine import pulumi_cli
from operations.engine.checkout import Checkout
from operations.engine.command import EngineCommand
from operations.engine.messages import clean
from operations.engine.program import program_of
from operations.engine.shims import search_path
from operations.errors import OperationError

SECRET = "[secret]"
"""What the CLI prints for a secret output unless it is told to show it."""

_UNREAD = UpdateSummary(kind="update", start_time=datetime.now(UTC), message="", environment={}, config={}, result="succeeded")


class EngineWorkspace(LocalWorkspace):
    """The Automation API's workspace; secrets stay encrypted. It would ask for all outputs twice, and decrypt what it exports."""

    def __init__(self, checkout: Checkout, **options: Any) -> None:
        super().__init__(**options)
        self._checkout = checkout

    def select_stack(self, stack_name: str) -> None:
        """Every command names its stack, so this only tells whether there is one; so does a state that lies here."""
        if not self._checkout.records(stack_name):
            super().select_stack(stack_name)

    def export_stack(self, stack_name: str) -> Deployment:
        state = json.loads(self._run_pulumi_cmd_sync(["stack", "export", "--stack", stack_name]).stdout)
        return Deployment(version=state["version"], deployment=state["deployment"])

    def stack_outputs(self, stack_name: str) -> OutputMap:
        said = self._run_pulumi_cmd_sync(["stack", "output", "--json", "--stack", stack_name])
        return {name: OutputValue(value, secret=value == SECRET) for name, value in json.loads(said.stdout).items()}


class EngineStack(Stack):
    """The Automation API's stack. After each operation it would ask, with secrets, for a summary that nobody here reads."""

    def info(self, show_secrets: bool = True) -> UpdateSummary | None:
        return _UNREAD if show_secrets else super().info(show_secrets=False)


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """What a command needs to work on one stack: the checkout, the stack's name and a Pulumi that knows both."""

    checkout: Checkout
    stack_name: str
    command: EngineCommand
    pulumi: LocalWorkspace

    @property
    def local(self) -> bool:
        """True when the stack runs on this machine."""
        return self.checkout.provider(self.stack_name) == "local"

    def select(self) -> Stack | None:
        """The stack in its present state; None when it was never brought up, or taken down."""
        try:
            return EngineStack(self.stack_name, self.pulumi, StackInitMode.SELECT)
        except StackNotFoundError:
            return None

    def create_or_select(self) -> Stack:
        """The stack, made when it does not exist yet."""
        return EngineStack(self.stack_name, self.pulumi, StackInitMode.CREATE_OR_SELECT)

    def remove(self) -> None:
        """Forget the stack, which must hold nothing real any more: its state in the backend, its working copy here."""
        self.pulumi.remove_stack(self.stack_name, force=True, preserve_config=True)
        shutil.rmtree(self.pulumi.work_dir, ignore_errors=True)

    def sentence(self, error: CommandError) -> OperationError:
        """*error* of a Pulumi command as what the user should read."""
        text = str(error)
        if "incorrect passphrase" in text:
            where = (
                "in PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"
                if not self.checkout.passphrase()
                else f"in {self.checkout.passphrase_file}"
            )
            return OperationError(
                f"The passphrase {where} does not open stack '{self.stack_name}': "
                "set PULUMI_CONFIG_PASSPHRASE to the one the stack was made with."
            )
        return OperationError(*clean([text]))


def open_workspace(checkout: Checkout, stack: str) -> Workspace:
    """Make ready to work on *stack*: the CLI (got when missing), the working copy, the passphrase, the environment.

    Raises Refused when the checkout has no such stack, OperationError when the CLI cannot be had.
    """
    checkout.require(stack)
    cli = pulumi_cli.ensure()
    folder = checkout.work_dir(stack)
    _refresh(checkout, stack, folder)
    environment = {
        "PULUMI_BACKEND_URL": checkout.backend_url(),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # the engine lives for seconds: a fifth of its time went into collecting garbage
        "GOGC": os.environ.get("GOGC", "400"),
        "PATH": search_path(cli.path, cache=pulumi_cli.cache_home()),
        # dynamic providers start in the working copy and import their classes from the checkout
        "PYTHONPATH": os.pathsep.join(filter(None, [str(checkout.root), os.environ.get("PYTHONPATH", "")])),
        **checkout.passphrase(),
    }
    if checkout.provider(stack) == "local":
        environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    if str(checkout.root) not in sys.path:
        sys.path.insert(0, str(checkout.root))
    command = EngineCommand(cli)
    pulumi = EngineWorkspace(
        checkout, work_dir=str(folder), program=program_of(checkout.root), env_vars=environment, pulumi_command=command
    )
    return Workspace(checkout=checkout, stack_name=stack, command=command, pulumi=pulumi)


def _refresh(checkout: Checkout, stack: str, folder: Path) -> None:
    """Copy Pulumi.yaml and the stack file into *folder*, keeping the salt that the engine has written there.

    With a passphrase the engine stores ``encryptionsalt`` in the stack file beside the settings; in the checkout that
    would be a change under git after every first ``up``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "Pulumi.yaml", (checkout.root / "Pulumi.yaml").read_text())
    name = f"Pulumi.{stack}.yaml"
    settings, kept = (checkout.root / name).read_text(), folder / name
    salt = (yaml.safe_load(kept.read_text()) or {}).get("encryptionsalt") if kept.exists() else None
    if salt and "encryptionsalt:" not in settings:
        settings = f"{settings.rstrip()}\nencryptionsalt: {salt}\n"
    _write(kept, settings)


def _write(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)
