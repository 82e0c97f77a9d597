"""``up``, ``preview`` and ``refresh``: bring a stack to what its settings say, show what that would change, look again."""

from __future__ import annotations

from pulumi.automation import OpType, Stack
from rich.console import Console

from operations.console import count, seconds
from operations.engine.checkout import Checkout
from operations.engine.progress import DOING, Progress
from operations.engine.run import Stopwatch, begin
from operations.errors import OperationError, Refused
from operations.report import make_command, plain_outputs, print_access, print_resources


def up(checkout: Checkout, stack_name: str, console: Console, *, target: list[str] | None = None) -> None:
    """Create, change and mend until the stack is as its settings say; what was killed outside Pulumi is seen and mended.

    *target*: URNs, or patterns such as ``**::network-repository-*``; nothing else is touched or looked at then.

    Raises OperationError with the engine's sentences when a step failed, Interrupted after a Ctrl-C; in both cases
    what was finished is recorded and another ``up`` continues.
    """
    watch = Stopwatch()
    with begin(checkout, stack_name, make_command("up", stack_name), console) as run:
        console.print(f"Bringing up stack {stack_name} ...")
        stack = run.workspace.create_or_select()
        run.recovered(stack)
        result, progress = run.operate(stack, lambda p: stack.up(refresh=True, target=target, on_event=p, color="never"))
    console.print(_changes(progress, stack_name, watch.seconds))
    console.print()
    outputs = plain_outputs(result.outputs)
    print_resources(console, progress.resources.values())
    print_access(console, outputs)
    console.print(f"Take it down with: {make_command('down', stack_name)}")


def refresh(checkout: Checkout, stack_name: str, console: Console) -> None:
    """Look at everything again and record what was found; nothing is changed. Raises as :func:`up` does."""
    with begin(checkout, stack_name, f"python -m operations refresh --stack {stack_name}", console) as run:
        stack = existing(run.workspace.select(), stack_name)
        run.recovered(stack)
        _, progress = run.operate(stack, lambda p: stack.refresh(on_event=p, color="never", run_program=False))
    down = [resource for resource in progress.resources.values() if resource.down]
    console.print(f"Looked at {count(len(progress.resources), 'resource')}: {len(down) or 'none'} down.")
    if down:
        console.print(f"`{make_command('up', stack_name)}` mends that.")


def preview(checkout: Checkout, stack_name: str, console: Console, *, expect_no_changes: bool = False) -> None:
    """Show what ``up`` would do; changes nothing and may run beside an ``up``. Raises as :func:`up` does.

    With *expect_no_changes* also OperationError when there is anything to do: somebody has changed the cloud by hand, or the
    program since the last ``up``.
    """
    with begin(checkout, stack_name, make_command("preview", stack_name), console, exclusive=False) as run:
        stack = run.workspace.create_or_select()
        _, progress = run.operate(stack, lambda p: stack.preview(refresh=True, on_event=p, color="never"), planned=True)
    planned = sum(progress.changes.values())
    console.print(f"`{make_command('up', stack_name)}` would do {count(planned, 'step')}." if planned else "No changes.")
    if planned and expect_no_changes:
        raise OperationError(f"Stack '{stack_name}' is not as its last `up` left it: see the steps above.")


def existing(stack: Stack | None, name: str) -> Stack:
    """*stack*; raises Refused when there is none."""
    if stack is None:
        raise Refused(f"Stack '{name}' is not up: bring it up with `{make_command('up', name)}`.")
    return stack


def _changes(progress: Progress, stack: str, took: float) -> str:
    resources = count(len(progress.resources), "resource")
    if not sum(progress.changes.values()):
        return f"Nothing to do: stack {stack} is as its settings say ({resources}, no changes, {seconds(took)})."
    # what a replacement leaves behind goes with it, it is no change of its own
    counted = {op: number for op, number in progress.changes.items() if number and op is not OpType.DELETE_REPLACED}
    done = ", ".join(f"{number} {DOING[op][1]}" for op, number in counted.items())
    return f"Stack {stack} is up: {resources}, {done} ({seconds(took)})."
