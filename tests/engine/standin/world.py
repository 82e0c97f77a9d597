"""What exists in the pretended cloud: a JSON file for each resource, a ledger of everything that was done to them, and notes.

Two provider processes and the test read and write it. A file is written whole or not at all; the ledger is only appended to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Record:
    """One resource that exists. Write-only arguments are in none of its fields."""

    type: str
    name: str
    urn: str
    id: str
    key: str
    """What tells it from all others of its type: see :func:`shapes.key_of`."""
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """What a description of it would say."""
        return {**self.outputs, **self.inputs}


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that was done: create, update or delete."""

    op: str
    type: str
    name: str
    id: str
    changed: tuple[str, ...] = ()
    """Inputs that differ."""
    paths: tuple[str, ...] = ()
    """The same as far down as they can be told apart: ``settings.tier``."""

    def __str__(self) -> str:
        keys = f" ({', '.join(self.changed)})" if self.changed else ""
        return f"{self.op} {self.name}{keys}"


class World:
    """The resources below *folder*. They are read once: only one process works on them at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for part in ("resources", "notes"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._records: dict[tuple[str, str], Record] = {}
        for path in sorted((folder / "resources").glob("*.json")):
            with suppress(FileNotFoundError):  # another provider has just deleted it
                record = Record(**json.loads(path.read_text()))
                self._records[record.type, record.key] = record

    def put(self, record: Record) -> None:
        self._records[record.type, record.key] = record
        self._write(self._file(record.type, record.key), asdict(record))

    def get(self, kind: str, key: str) -> Record | None:
        """The resource of type *kind* (``aws:rds/cluster:Cluster``) with this key."""
        return self._records.get((kind, key))

    def remove(self, record: Record) -> None:
        self._records.pop((record.type, record.key), None)
        self._file(record.type, record.key).unlink(missing_ok=True)

    def all(self, *endings: str) -> Iterator[Record]:
        """Everything, or what has a type that ends with one of *endings* (``rds/cluster:Cluster``)."""
        for record in list(self._records.values()):
            if not endings or record.type.endswith(endings):
                yield record

    def named(self, name: str) -> Record:
        """The one resource with this logical name."""
        [found] = [record for record in self.all() if record.name == name]
        return found

    def did(self, step: Step) -> None:
        with (self.folder / "ledger.jsonl").open("a") as file:
            file.write(json.dumps(asdict(step)) + "\n")

    def steps(self) -> list[Step]:
        """Everything done so far, in order."""
        path = self.folder / "ledger.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [
            Step(**{**found, "changed": tuple(found["changed"]), "paths": tuple(found["paths"])})
            for found in map(json.loads, lines)
        ]

    def note(self, topic: str, key: str, value: Any = True) -> None:
        """Remember something that is no resource: a snapshot, a secret that waits for its deletion."""
        self._write(self.folder / "notes" / f"{topic}.{_digest(key)}.json", {"key": key, "value": value})

    def noted(self, topic: str) -> dict[str, Any]:
        found = [json.loads(path.read_text()) for path in sorted((self.folder / "notes").glob(f"{topic}.*.json"))]
        return {item["key"]: item["value"] for item in found}

    def forget(self, topic: str) -> None:
        for path in (self.folder / "notes").glob(f"{topic}.*.json"):
            path.unlink()

    def count(self, topic: str, key: str) -> int:
        """The next number of *key*, from 1."""
        value = int(self.noted(topic).get(key, 0)) + 1
        self.note(topic, key, value)
        return value

    def _file(self, kind: str, key: str) -> Path:
        return self.folder / "resources" / f"{kind.rpartition(':')[2]}-{_digest(kind + key)}.json"

    @staticmethod
    def _write(path: Path, value: Any) -> None:
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(value, sort_keys=True))
        temporary.replace(path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
