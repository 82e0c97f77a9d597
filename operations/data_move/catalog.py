"""The tables of a PostgreSQL database, as far as filling them needs to know them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from psycopg import sql

from operations.connection import Session
from operations.errors import Refused

_TABLES = """
    SELECT c.oid, n.nspname, c.relname, n.nspname = current_schema()
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname <> 'information_schema' AND nspname !~ '^pg_'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND classid = 'pg_class'::regclass AND deptype = 'e')
"""
_COLUMNS = """
    SELECT attrelid, attname, format_type(coalesce(nullif(typbasetype, 0), atttypid), NULL),
           attnotnull AND NOT atthasdef AND attidentity = '',
           pg_get_serial_sequence(attrelid::regclass::text, attname)
    FROM pg_attribute JOIN pg_type AS t ON t.oid = atttypid
    WHERE attrelid = ANY(%s) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attrelid, attnum
"""
_KEYS = """
    SELECT conrelid, attname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
    WHERE contype = 'p' AND conrelid = ANY(%s) ORDER BY conrelid, array_position(conkey, attnum)
"""
_REFERENCES = """
    SELECT conrelid, confrelid, condeferrable FROM pg_constraint
    WHERE contype = 'f' AND conparentid = 0 AND conrelid = ANY(%s) AND conrelid <> confrelid
"""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column that can be written (no generated one)."""

    name: str
    type: str
    """The SQL type without its length: ``character varying``, ``integer[]``; that of a domain is its base type's."""
    required: bool
    """It takes no NULL and has no default."""
    sequence: str | None
    """Of a serial or identity column."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of the database."""

    schema: str
    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    """Columns of its primary key."""
    needs: frozenset[str]
    """Names of the tables that must be filled before: its foreign keys that are not deferrable."""
    plain: bool
    """Whether its schema is the session's own, so that the name alone says which table it is."""

    @property
    def full(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


Catalog = Mapping[str, Table]
"""Tables by ``schema.name``."""


def catalog_of(session: Session) -> Catalog:
    """All tables but those of extensions and the server's own."""
    rows = session.execute(_TABLES).fetchall()
    oids = [oid for oid, *_ in rows]
    names = {oid: f"{schema}.{name}" for oid, schema, name, _ in rows}
    columns: dict[int, dict[str, Column]] = {oid: {} for oid in oids}
    for oid, name, kind, required, sequence in session.execute(_COLUMNS, [oids]).fetchall():
        columns[oid][name] = Column(name=name, type=kind, required=required, sequence=sequence)
    keys: dict[int, list[str]] = {oid: [] for oid in oids}
    for oid, name in session.execute(_KEYS, [oids]).fetchall():
        keys[oid].append(name)
    needs: dict[int, set[str]] = {oid: set() for oid in oids}
    for oid, other, deferrable in session.execute(_REFERENCES, [oids]).fetchall():
        if not deferrable and other in names:
            needs[oid].add(names[other])
    return {
        names[oid]: Table(
            schema=schema,
            name=name,
            columns=columns[oid],
            key=tuple(keys[oid]),
            needs=frozenset(needs[oid]),
            plain=plain,
        )
        for oid, schema, name, plain in rows
    }


def find(catalog: Catalog, name: str) -> Table | None:
    """The table *name*, with its schema or without; in another case only where nothing has the name itself."""
    plain = {table.name: table for table in catalog.values() if table.plain}
    return catalog.get(name) or plain.get(name) or plain.get(name.lower())


def in_order(tables: Iterable[Table]) -> list[Table]:
    """Each after those that its foreign keys name. Raises Refused where they go in a circle."""
    given = {table.full: table for table in tables}
    graph = {name: sorted(table.needs & given.keys()) for name, table in sorted(given.items())}
    try:
        return [given[name] for name in TopologicalSorter(graph).static_order()]
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise Refused(
            f"The foreign keys of these tables go in a circle: {circle}. Make one of them deferrable for the move: ALTER TABLE "
            "... ALTER CONSTRAINT ... DEFERRABLE. Nothing was done."
        ) from None


def empty(session: Session, table: Table) -> bool:
    row = session.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(table.identifier)).fetchone()
    return row is not None and not row[0]


def set_sequences(session: Session, table: Table) -> None:
    """The next value of each serial or identity column comes after the highest that is there."""
    for column in table.columns.values():
        if column.sequence is not None:
            session.execute(
                sql.SQL("SELECT setval({}, max({})) FROM {} HAVING max({}) IS NOT NULL").format(
                    sql.Literal(column.sequence), sql.Identifier(column.name), table.identifier, sql.Identifier(column.name)
                )
            )
