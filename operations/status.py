"""``status``: what of a stack runs right now, asked of the things themselves and not of what was recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console

from operations.console import count
from operations.engine.checkout import Checkout
from operations.engine.resources import Resource
from operations.engine.run import Run, begin
from operations.errors import OperationError, Refused
from operations.report import make_command, plain_outputs, print_access, print_resources

if TYPE_CHECKING:
    from operations.condition.condition import Condition

RUNNING, DOWN, UNKNOWN = 0, 1, 2
"""Exit codes of ``status``: all runs; something is down (or nothing was ever brought up); it cannot be told."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What was found: every resource with its present state, the stack's outputs without secrets.

    ``unfinished``: the last ``up`` or ``down`` failed or was interrupted, so that more may be missing than is seen here.
    """

    resources: tuple[Resource, ...]
    outputs: dict[str, object]
    unfinished: bool

    @property
    def down(self) -> tuple[Resource, ...]:
        return tuple(resource for resource in self.resources if resource.down)


def observe(run: Run) -> Observed | None:
    """Ask every resource's provider how its thing is (the engine's refresh, without recording it); None without a stack.

    Works beside an ``up``. Raises OperationError when the providers cannot be asked.
    """
    stack = run.workspace.select()
    if stack is None:
        return None
    _, progress = run.operate(
        stack, lambda p: stack.refresh(preview_only=True, run_program=False, on_event=p, color="never"), planned=True
    )
    last = stack.info(show_secrets=False)
    return Observed(
        resources=tuple(progress.resources.values()),
        outputs=plain_outputs(stack.outputs()),
        unfinished=last is not None and last.kind in ("update", "destroy") and last.result != "succeeded",
    )


def status(checkout: Checkout, stack_name: str, console: Console, *, as_json: bool = False) -> int:
    """Print what runs and how its database is, as a table or as JSON; returns the exit code.

    Raises Refused when there is no such stack file.
    """
    quiet = Console(quiet=True)
    try:
        with begin(checkout, stack_name, make_command("status", stack_name), quiet, exclusive=False) as run:
            observed = observe(run)
    except Refused:
        raise
    except OperationError as error:
        if not as_json:
            raise Unknown(*error.sentences) from error
        print(json.dumps({"stack": stack_name, "state": "unknown", "errors": error.sentences}))
        return UNKNOWN
    condition = _condition(checkout, stack_name, observed.outputs) if observed and observed.resources else None
    alarms = _alarms(observed, condition) if observed else []
    code = RUNNING if observed and observed.resources and not observed.down and not observed.unfinished else DOWN
    if condition and condition.down:
        code = DOWN
    if as_json:
        found = _as_json(stack_name, observed, code)
        if observed and observed.resources:
            found |= {"alarms": alarms, "database": condition and condition.as_json()}
        print(json.dumps(found, indent=2, sort_keys=True, default=str))
    elif observed is None or not observed.resources:
        console.print(f"Stack {stack_name} is not up: bring it up with `{make_command('up', stack_name)}`.")
    else:
        print_resources(console, observed.resources)
        _print_condition(console, condition)
        print_access(console, observed.outputs)
        for line in alarms:
            console.print(f"Alarm: {line}", soft_wrap=True)
        console.print(_sentence(stack_name, observed, condition))
    return code


def _condition(checkout: Checkout, stack_name: str, outputs: Mapping[str, Any]) -> Condition | None:
    """How the stack's database is; None where its outputs do not say where it is (an older version's, a half-made stack's)."""
    database, handles = outputs.get("database"), outputs.get("handles")
    if not isinstance(database, Mapping) or not isinstance(handles, Mapping):
        return None
    from operations.condition.condition import Condition, condition_of
    from operations.place import Place, contract

    place = Place(name=stack_name, environ=contract(database, handles), handles=handles, remote=handles["provider"] != "local")
    try:
        return condition_of(place, checkout.root)
    except OperationError as error:  # its secret is gone, for example: the rest of the stack is still told
        return Condition(problems=error.sentences)


def _print_condition(console: Console, condition: Condition | None) -> None:
    if condition is None:
        return
    from operations.condition.text import lines

    for line in lines(condition):
        console.print(line, soft_wrap=True)
    console.print()


def _alarms(observed: Observed, condition: Condition | None) -> list[str]:
    """On this machine the thresholds held against the database; of a cloud what its own monitoring says."""
    database, thresholds = observed.outputs.get("database"), observed.outputs.get("alarms")
    secret = str(database.get("admin_secret_id", "")) if isinstance(database, Mapping) else ""
    if not secret.startswith("file://") or not isinstance(thresholds, Mapping):
        return list(condition.alarms) if condition else []
    if observed.down:  # the database may be what is down, which is told already
        return []
    from components.local.host.errors import LocalError
    from components.local.host.secrets import resolve
    from operations.alarms import firing

    try:
        return firing(resolve(f"{secret}#url"), thresholds)
    except LocalError as error:
        return [str(error)]


class Unknown(OperationError):
    """The state cannot be told."""

    exit_code = UNKNOWN


def _sentence(stack: str, observed: Observed, condition: Condition | None) -> str:
    mends = f"`{make_command('up', stack)}` mends that."
    if observed.unfinished and not observed.down:
        return f"The last change of stack {stack} did not finish: `{make_command('up', stack)}` continues."
    if observed.down:
        names = ", ".join(f"{resource.label} ({resource.status})" for resource in observed.down)
        return f"Down: {names}. {mends}"
    if condition and condition.down:
        return f"Not as it should be: {', '.join(condition.down)}; see above."
    return f"All of stack {stack} runs ({count(len(observed.resources), 'resource')})."


def _as_json(stack: str, observed: Observed | None, code: int) -> dict[str, object]:
    if observed is None or not observed.resources:
        return {"stack": stack, "state": "absent", "resources": [], "outputs": {}}
    rows = [
        {"name": r.label, "kind": r.kind, "state": r.status, "address": r.address, "down": r.down, "urn": r.urn}
        for r in sorted(observed.resources, key=lambda r: r.urn)
    ]
    state = "unfinished" if observed.unfinished and not observed.down else "running" if code == RUNNING else "down"
    return {"stack": stack, "state": state, "resources": rows, "outputs": observed.outputs}
