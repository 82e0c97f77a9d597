"""``python -m operations cost``: exit 0 told, 1 the provider does not tell, 2 bad input."""

from __future__ import annotations

from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from operations.errors import OperationError
from operations.output import fail, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from operations.cost.actual import Charged


def cost(
    stack: Annotated[str, typer.Option("--stack", help="The stack: the S of a Pulumi.S.yaml.")] = "local",
    actual: Annotated[
        bool,
        typer.Option("--actual", help="What was charged in the last two months, by AWS Cost Explorer (0.01 USD a question)."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")] = False,
) -> None:
    """Say what a stack costs a month, by component: estimated from its stack file at list prices, without a cloud account."""
    from operations.console import make_console
    from operations.engine.checkout import find_checkout

    checkout, console = find_checkout(), make_console()
    try:
        if actual:
            from operations.cost.actual import charged

            bill = charged(checkout, stack)
            if as_json:
                print_json({"stack": stack, "currency": "USD", "charged": [asdict(one) for one in bill]})
            else:
                _print_bill(console, stack, bill)
            return
        from operations.cost.estimated import as_json as document
        from operations.cost.estimated import estimate_of, notes, rows

        found = estimate_of(checkout, stack)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json({"stack": stack, **document(found)})
    elif not found.lines:
        console.print(f"Stack {stack} costs nothing: it runs on this machine.")
    else:
        from operations.columns import print_rows

        console.print(f"Stack {stack}, US dollars a month:")
        print_rows(console, ("As set", "Assumed use", "Together", "At most", "Component"), rows(found), numbers=4)
        for note in notes(found):
            console.print(note)


def _print_bill(console: Console, stack: str, bill: tuple[Charged, ...]) -> None:
    from operations.columns import print_rows
    from operations.review.words import dollars

    for month, group in groupby(bill, key=lambda one: one.month):
        charges = list(group)
        state = "" if all(one.final for one in charges) else ", not yet final"
        console.print(f"Stack {stack}, {month:%Y-%m}{state}, US dollars:")
        total = ("all", sum(one.amount for one in charges))
        figures = [*((one.service, one.amount) for one in charges), total]
        print_rows(console, ("Charged", "Service"), [(dollars(amount), service) for service, amount in figures], numbers=1)
