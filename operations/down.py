"""``down``: takes a stack away, its data included, after saying what will be lost and asking."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pulumi.automation import Stack
from rich.console import Console

from operations.console import count, seconds
from operations.engine.checkout import Checkout
from operations.engine.resources import name_of
from operations.engine.run import Run, Stopwatch, begin
from operations.errors import OperationError, Refused
from operations.report import make_command, plain_outputs


def down(checkout: Checkout, stack_name: str, console: Console, *, yes: bool = False) -> None:
    """Destroy everything of the stack: resources, processes left over, its data on this machine, its state.

    Unless *yes*, the user types the stack's name first. Raises Refused, with nothing done, without a terminal to ask on,
    on another answer, or while something is protected against deletion; OperationError when a step failed.
    """
    watch = Stopwatch()
    with begin(checkout, stack_name, make_command("down", stack_name), console) as run:
        data = local_data(run)
        stack = run.workspace.select()
        state = _resources(stack) if stack else []
        held = [resource for resource in state if resource.get("custom")]
        if not held and data is None:
            if stack is not None:
                run.workspace.remove()
            console.print(f"Nothing to take down: stack {stack_name} is not up.")
            return
        _refuse_protected(state, checkout, stack_name)
        if not yes:
            _ask(console, stack_name, losses(plain_outputs(stack.outputs()) if stack else {}, data))
        if stack is not None:
            console.print(f"Taking down stack {stack_name} ...")
            run.recovered(stack)
            run.operate(stack, lambda progress: stack.destroy(on_event=progress, color="never"))
        if run.workspace.local:
            _sweep(run, data)
        if stack is not None:
            run.workspace.remove()
    console.print(f"Stack {stack_name} is gone ({count(len(held), 'resource')}, {seconds(watch.seconds)}).")


def losses(outputs: Mapping[str, Any], data: Path | None) -> list[str]:
    """What taking the stack down destroys for good, one line each: databases, buckets, the folder with its size."""
    lines = []
    database = outputs.get("database")
    if isinstance(database, Mapping):
        lines.append(f"database {database.get('name', '')} at {database.get('host', '')}:{int(database.get('port', 0))}")
    buckets = outputs.get("buckets")
    if isinstance(buckets, Mapping):
        lines += [f"bucket {name}" for name in sorted(buckets)]
    if data is not None:
        lines.append(f"all files in {data} ({_megabytes(data)})")
    return lines


def local_data(run: Run) -> Path | None:
    """The folder with the stack's data on this machine; None for a cloud's stack or when there is none."""
    if not run.workspace.local:
        return None
    from components.local.host.paths import StackPaths, home_of

    root = StackPaths(home=home_of(run.workspace.checkout.root), stack=run.workspace.stack_name).root
    return root if root.exists() else None


def _resources(stack: Stack) -> list[dict[str, Any]]:
    deployment = stack.export_stack().deployment or {}
    return [r for r in deployment.get("resources") or [] if not str(r.get("type", "")).startswith("pulumi:providers:")]


def _refuse_protected(resources: list[dict[str, Any]], checkout: Checkout, stack: str) -> None:
    protected = [name_of(r["urn"]) for r in resources if r.get("protect") or _flag(r)]
    if protected:
        raise Refused(
            f"Stack '{stack}' is protected against deletion ({', '.join(sorted(set(protected)))}). To take it down, set "
            f"deletion_protection: false in {checkout.root / f'Pulumi.{stack}.yaml'}, run `{make_command('up', stack)}`, "
            f"then `{make_command('down', stack)}` again."
        )


def _flag(resource: Mapping[str, Any]) -> bool:
    found = {**(resource.get("inputs") or {}), **(resource.get("outputs") or {})}
    return any(found.get(key) is True for key in ("deletion_protection", "deletionProtection"))


def _ask(console: Console, stack: str, lost: list[str]) -> None:
    if not sys.stdin.isatty():
        raise Refused(
            f"Taking down stack '{stack}' destroys its data, and there is no terminal to ask on: "
            f"run `{make_command('down', stack)} YES=1` if that is meant."
        )
    console.print(f"Taking down stack {stack} destroys, for good:")
    for line in lost or ["its resources (it holds no data)"]:
        console.print(f"  {line}")
    try:
        answer = input(f"Type the stack's name ({stack}) to go on: ").strip()
    except EOFError:
        answer = ""
    if answer != stack:
        raise Refused("Nothing was taken down.")


def _sweep(run: Run, data: Path | None) -> None:
    """End what is left of the stack's processes and remove its folder."""
    if data is None:
        return
    from components.local.host.sweep import sweep

    for leftover in sweep(data):
        run.console.print(f"  ended    {leftover.name} (pid {leftover.identity.pid})")
    shutil.rmtree(data, ignore_errors=True)
    if data.exists():
        raise OperationError(f"{data} could not be removed completely: see what is left there, then remove it by hand.")
    with suppress(OSError):  # the last stack of this checkout
        data.parent.rmdir()
    run.console.print(f"  removed  {data}")


def _megabytes(folder: Path) -> str:
    total = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
    return f"{total / 1_000_000:.1f} MB"
