"""Rows of a file that ``python manage.py dumpdata`` wrote. It is read whole, as Django reads it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from psycopg import Copy

from operations.connection import Session
from operations.data_move import rows
from operations.data_move.catalog import Catalog, Table, find
from operations.data_move.fingerprint import Fingerprint
from operations.data_move.sequences import Position
from operations.errors import Refused

_AGAIN = (
    "write the file without --natural-primary and --natural-foreign and with contenttypes and auth.permission "
    "(`python manage.py dumpdata --output data.json`), or load this one with `python manage.py loaddata` as a job of the stack"
)

_NAMED = {
    "admin.logentry": "django_admin_log",
    "contenttypes.contenttype": "django_content_type",
    "sessions.session": "django_session",
    "sites.site": "django_site",
}
"""Django's own tables that are not called after their models."""


class DumpData:
    """Objects as rows: of their own tables and, for lists of keys, of the tables between."""

    def __init__(self, objects: Sequence[Mapping[str, Any]], where: str) -> None:
        self._objects, self.where = objects, where
        self._rows: dict[str, list[dict[str, Any]]] = {}

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """Raises Refused where the file is none of dumpdata."""
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise Refused(f"{path} is no JSON in UTF-8: {type(error).__name__}.") from None
        whole = isinstance(found, list) and all(
            isinstance(one, dict) and isinstance(one.get("model"), str) and isinstance(one.get("fields"), dict) for one in found
        )
        if not whole:
            raise Refused(f"{path} is no file of dumpdata: a list of objects with model, pk and fields.")
        yield cls(found, str(path))

    def tables(self, catalog: Catalog) -> Mapping[str, Sequence[str]]:
        self._rows = {}
        for one in self._objects:
            self._add(one, catalog)
        return {name: list(dict.fromkeys(key for row in made for key in row)) for name, made in self._rows.items() if made}

    def positions(self, names: Collection[str]) -> Mapping[str, Position]:
        return {}

    def count(self, table: str) -> int:
        return len(self._rows[table])

    def feed(self, table: str, target: Table, columns: Sequence[str], copy: Copy) -> Fingerprint:
        made = ([_plain(target, column, row.get(column)) for column in columns] for row in self._rows[table])
        return rows.feed(made, target, columns, copy)

    def read_back(self, session: Session, target: Table, columns: Sequence[str]) -> Fingerprint:
        return rows.read_back(session, target, columns)

    def _add(self, one: Mapping[str, Any], catalog: Catalog) -> None:
        model, key = str(one["model"]).lower(), one.get("pk")
        name = _NAMED.get(model, model.replace(".", "_"))
        if key is None:
            raise Refused(f"{self.where} has objects of {model} without a key: {_AGAIN}.")
        table = find(catalog, name)
        if table is None:
            self._rows.setdefault(name, []).append({})  # the plan says that there is no such table
            return
        row = {table.key[0] if table.key else "id": key}
        for field, value in one["fields"].items():
            column = next((column for column in (field, f"{field}_id") if column in table.columns), None)
            if column is None and isinstance(value, list):
                self._add_between(model, name, field, key, value, catalog)
            elif column is not None and isinstance(value, list) and not _takes_list(table.columns[column].type):
                raise Refused(f"{self.where} names what {model}.{field} refers to by natural keys: {_AGAIN}.")
            else:
                row[column or field] = value
        self._rows.setdefault(name, []).append(row)

    def _add_between(self, model: str, name: str, field: str, key: Any, others: Sequence[Any], catalog: Catalog) -> None:
        between = find(catalog, f"{name}_{field}")
        own = f"{model.rpartition('.')[2]}_id"
        keys = [column for column in between.columns if column not in between.key] if between else []
        if len(keys) == 2 and own not in keys:  # of a model to itself
            own = next((column for column in keys if column.startswith("from_")), "")
        if len(keys) != 2 or own not in keys:
            raise Refused(
                f"{self.where}: {model}.{field} is a list, and the database has no column or table between for it; "
                "run the application's migrations first."
            )
        other = next(column for column in keys if column != own)
        for value in others:
            if isinstance(value, list):
                raise Refused(f"{self.where} names what {model}.{field} refers to by natural keys: {_AGAIN}.")
            self._rows.setdefault(f"{name}_{field}", []).append({own: key, other: value})


def _takes_list(kind: str) -> bool:
    return kind in ("json", "jsonb") or kind.endswith("[]")


def _plain(target: Table, column: str, value: Any) -> Any:
    """JSON columns get JSON text; Django's base64 is decoded with every other value of a byte column (``values``)."""
    return json.dumps(value) if value is not None and target.columns[column].type in ("json", "jsonb") else value
