"""What a move would do: which table of the source goes where, in which order, and everything that stands in the way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from operations.connection import Session
from operations.data_move.catalog import Catalog, Table, empty, find, in_order
from operations.data_move.source import Source
from operations.data_move.values import compared
from operations.errors import Refused

BOOKKEEPING = frozenset(
    {"schema_migrations", "django_migrations", "alembic_version", "__drizzle_migrations", "_prisma_migrations", "_litestream_seq"}
)
"""What migration tools note about a database: the target has notes of its own."""
MADE_ANEW = frozenset({"django_content_type", "auth_permission"})
"""Django fills these in every new database. Other rows refer to the source's, so the source's take their place."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One table."""

    source: str
    target: Table
    columns: tuple[str, ...]
    """Of the target."""
    rows: int
    """In the source."""

    @property
    def replaces(self) -> bool:
        return self.target.name in MADE_ANEW


def make_plan(source: Source, catalog: Catalog, exclude: Collection[str]) -> list[Step]:
    """The steps in an order that the foreign keys allow. Raises Refused with everything that does not fit."""
    found = source.tables(catalog)
    unknown = sorted(set(exclude) - {*found, *(name.rpartition(".")[2] for name in found)})
    problems = [f"--exclude {name}: the source has no rows in such a table" for name in unknown]
    steps: dict[str, Step] = {}
    for name, columns in found.items():
        plain = name.rpartition(".")[2]
        if plain in BOOKKEEPING or name in exclude or plain in exclude:
            continue
        target = find(catalog, name)
        if target is None:
            problems.append(f"there is no table {name} (--exclude {name} leaves its {source.count(name)} rows behind)")
            continue
        step = Step(source=name, target=target, columns=_columns(columns, target, problems), rows=source.count(name))
        steps[target.full] = step
    if problems:
        raise Refused(
            f"{source.where} does not fit the target database:", *(f"  {problem}" for problem in problems),
            "Bring its schema up to date first (`migrate up`, or the application's own migrations). Nothing was done.",
        )  # fmt: skip
    return [steps[table.full] for table in in_order(step.target for step in steps.values())]


def require_empty(session: Session, steps: Sequence[Step]) -> None:
    """Raises Refused where a table that is to be filled has rows."""
    full = [step.target.full for step in steps if not step.replaces and not empty(session, step.target)]
    if full:
        raise Refused(
            f"These tables have rows already: {', '.join(full)}. A move fills an empty database only: empty them, take a new "
            "database, or leave them out with --exclude. Nothing was done."
        )


def uncompared(step: Step) -> list[str]:
    """Columns whose values are not compared, only whether there is one; not so between two PostgreSQL databases."""
    return [f"{step.target.full}.{column}" for column in step.columns if not compared(step.target.columns[column].type)]


def _columns(given: Sequence[str], target: Table, problems: list[str]) -> tuple[str, ...]:
    fits = {name: name if name in target.columns else name.lower() for name in given}
    lacking = [name for name, own in fits.items() if own not in target.columns]
    if lacking:
        problems.append(f"{target.full} has no column {', '.join(lacking)}")
    missing = [column.name for column in target.columns.values() if column.required and column.name not in fits.values()]
    if missing:
        problems.append(f"{target.full} needs a value for {', '.join(missing)}, which the source does not have")
    return tuple(own for own in fits.values() if own in target.columns)
