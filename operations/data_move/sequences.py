"""Sequences of their own: those that no serial or identity column stands for, or that were ahead of the highest row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from psycopg import sql

from operations.connection import Session

_SEQUENCES = """
    SELECT nspname, relname, seqincrement > 0, has_sequence_privilege(c.oid, 'SELECT'),
           EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND classid = 'pg_class'::regclass AND deptype IN ('a', 'i'))
    FROM pg_sequence JOIN pg_class AS c ON c.oid = seqrelid JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE nspname !~ '^pg_' AND NOT EXISTS (
        SELECT FROM pg_depend WHERE objid = c.oid AND classid = 'pg_class'::regclass AND deptype = 'e'
    ) ORDER BY nspname, relname
"""

Position = tuple[int, bool]
"""``last_value`` and ``is_called``: the next value is the last one itself where it was not given out yet."""


@dataclass(frozen=True, kw_only=True)
class Sequence:
    """A sequence that is no extension's."""

    schema: str
    name: str
    rises: bool
    readable: bool
    """By the session's user."""
    owned: bool
    """By a column: its table's rows tell how far it must be at least."""

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


def sequences_of(session: Session) -> Mapping[str, Sequence]:
    """By ``schema.name``."""
    return {
        f"{schema}.{name}": Sequence(schema=schema, name=name, rises=rises, readable=readable, owned=owned)
        for schema, name, rises, readable, owned in session.execute(_SEQUENCES).fetchall()
    }


def position(session: Session, sequence: Sequence) -> Position:
    row = session.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sequence.identifier)).fetchone()
    assert row is not None
    return int(row[0]), bool(row[1])


def go_on(session: Session, wanted: Mapping[str, Position]) -> None:
    """The sequences of these names go on from there. None goes back: a value that is given out twice is a duplicate key."""
    own = sequences_of(session)
    for name, there in wanted.items():
        sequence = own[name]
        here = position(session, sequence)
        behind = here < there if sequence.rises else (-here[0], here[1]) < (-there[0], there[1])
        if behind:
            session.execute("SELECT setval(%s::regclass, %s, %s)", [sequence.identifier.as_string(session), *there])
