"""``python -m operations prices``: look at the price tables, refresh them from the clouds' own lists."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from operations.console import count, make_console

app = typer.Typer(help="The price tables by which reviews tell what a stack costs.", no_args_is_help=True, rich_markup_mode=None)


class Provider(StrEnum):
    """Clouds with a price list."""

    aws = "aws"
    gcp = "gcp"


ProviderName = Annotated[Provider, typer.Option("--provider", help="The cloud.")]
Region = Annotated[str, typer.Option("--region", help="Default: Tokyo, ap-northeast-1 or asia-northeast1.")]


@app.command()
def show(
    provider: ProviderName,
    region: Region = "",
    book: Annotated[str, typer.Option("--book", help="Prices that win over the table: guides.")] = "",
) -> None:
    """Print a table: every price with unit, date and how it is known."""
    from operations.review.prices.show import lines

    console = make_console()
    for line in lines(provider.value, region, book):
        console.print(line)


@app.command()
def refresh(
    provider: ProviderName,
    region: Region = "",
    url: Annotated[str, typer.Option("--url", help="Another server that answers like the cloud's own.")] = "",
) -> None:
    """Read the cloud's price list and write the table. Google's asks for a key: GOOGLE_BILLING_API_KEY.

    Exit code 1: written, but some rows were not to be found and are as old as they were.
    """
    from operations.review.prices.refresh import refresh as operation

    console = make_console()
    done = operation(provider.value, region, url, tell=console.print)
    for sku, before, after in done.changed:
        console.print(
            f"{sku}: {before.amount:g} -> {after.amount:g} USD per {after.unit} ({after.amount / before.amount - 1:+.1%})"
        )
    for sku in done.missing:
        console.print(f"{sku}: the list does not have it; its old price stays")
    for sku, how in done.unclear:
        console.print(f"{sku}: in the list it is otherwise than expected ({how}); its old price stays, the rule must be mended")
    if done.kept:
        console.print(f"In no list, as they were: {', '.join(done.kept)}")
    console.print(
        f"{done.table.name}: {count(len(done.changed), 'price')} changed, {len(done.added)} new, {len(done.table.rows)} in all"
    )
    raise typer.Exit(1 if done.missing or done.unclear else 0)
