"""``failover``, ``switchover``, ``promote``: exit 0 done, 1 failed, 2 refused with nothing begun."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from operations.console import make_console, seconds
from operations.errors import Interrupted, OperationError
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.cloud.contract import DatabaseControl
    from operations.failover.plan import Kind
    from operations.place import Place

Stack = Annotated[str, typer.Option("--stack", help="The stack: the S of a Pulumi.S.yaml.")]
To = Annotated[str | None, typer.Option("--to", help="The reader that takes over; by default the provider chooses.")]
MaxLag = Annotated[float, typer.Option("--max-lag", min=0, help="Refuse a reader that is further behind, in seconds.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")]


def failover(
    stack: Stack,
    to: To = None,
    max_lag: MaxLag = 10,
    yes: Annotated[str | None, typer.Option("--yes-failover", help="The stack's name: do not ask.")] = None,
    as_json: Json = False,
) -> None:
    """Make a reader the writer at once, though the writer may be lost; asks first."""
    _change("failover", stack, to, max_lag, yes, as_json)


def switchover(
    stack: Stack,
    to: To = None,
    max_lag: MaxLag = 10,
    yes: Annotated[str | None, typer.Option("--yes-switchover", help="The stack's name: do not ask.")] = None,
    as_json: Json = False,
) -> None:
    """Make a reader the writer without losing a write; asks first."""
    _change("switchover", stack, to, max_lag, yes, as_json)


def promote(
    reader: Annotated[str, typer.Argument(help="The reader, as `status` names it.")],
    stack: Stack,
    max_lag: MaxLag = 10,
    yes: Annotated[str | None, typer.Option("--yes-promote", help="The stack's name: do not ask.")] = None,
    as_json: Json = False,
) -> None:
    """Make a reader a database of its own that no longer follows; asks first."""
    from operations.confirm import confirm
    from operations.engine.checkout import find_checkout
    from operations.failover.change import target_lines
    from operations.failover.let_go import let_go
    from operations.failover.plan import NUMBERED, make_plan, take_up

    say = make_console(stderr=as_json).print
    try:
        with _at_work("promote", stack) as (place, control, backend):
            if control.leaving(reader):  # it may be no member any more
                plan = take_up(control.members(), reader)
            else:
                plan = make_plan("promote", control.members(), backend=backend, target=reader, max_lag=max_lag)
            confirm("promote", stack, yes, target=target_lines(place, plan))
            if backend in NUMBERED:
                let_go(find_checkout(), stack, reader)
            control.promote(reader, lambda line: say(f"  {line}"))
    except KeyboardInterrupt:
        fail(Interrupted("Stopped half-way; the same command takes up what was begun."), as_json=as_json)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json({"action": "promote", "stack": stack, "promoted": reader})
        return
    say(
        f"{reader} is a database of its own. Lower database.readers in Pulumi.{stack}.yaml by one before the next `up`, which "
        "forgets it then; otherwise it makes a reader anew."
    )


def _change(kind: Kind, stack: str, to: str | None, max_lag: float, yes: str | None, as_json: bool) -> None:
    from operations.confirm import confirm
    from operations.failover.change import change, target_lines
    from operations.failover.plan import make_plan

    say = make_console(stderr=as_json).print
    try:
        with _at_work(kind, stack) as (place, control, backend):
            try:
                settled = control.settle(lambda line: say(f"  {line}"))
            except KeyboardInterrupt:
                raise Interrupted("Stopped waiting; the change of the writer that is under way goes on by itself.") from None
            members = control.members()
            if settled and to is None:  # it was all that was asked for
                to = next((member.name for member in members if member.role == "writer"), None)
            plan = make_plan(kind, members, backend=backend, target=to, max_lag=max_lag)
            if not plan.done:
                confirm(kind, stack, yes, target=target_lines(place, plan))
            changed = change(place, control, plan, lambda line: say(f"  {line}"))
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json({"stack": stack, **asdict(changed)})
        return
    outage = changed.outage_seconds
    failed = "; how long writes failed is not seen from here" if outage is None else f"; writes failed for {seconds(outage)}"
    say(f"{changed.after} is the writer, after {seconds(changed.seconds)}{failed}.")


@contextmanager
def _at_work(kind: Kind, stack: str) -> Iterator[tuple[Place, DatabaseControl, str]]:
    """The stack, its database's control and backend; nobody else changes the stack until the block ends."""
    from operations.cloud import database_control
    from operations.engine.checkout import find_checkout
    from operations.engine.lock import stack_lock
    from operations.place import place_of

    checkout = find_checkout()
    checkout.require(stack)
    with stack_lock(checkout.lock_file(stack), stack=stack, command=f"python -m operations {kind} --stack {stack}"):
        place = place_of(stack)
        assert place.handles is not None  # a deployed stack puts them out
        yield place, database_control(place.handles), str(place.handles["database"]["backend"])
