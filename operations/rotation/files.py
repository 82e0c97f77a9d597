"""A secret in a JSON file, as a local stack has it: the proposal lies beside it until it becomes the current value."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from operations.rotation.steps import RotationFailed, Value

PGPASS = "pgpass"
"""libpq's password file beside the secrets: lines of ``host:port:database:user:password``, for people's psql."""


class FileStore:
    """The secret ``file:///abs/db.json``; its proposal is ``db-next.json``, mode 0600 like the secret itself.

    Everything is written whole or not at all, and the secret last, so whoever reads it meanwhile finds one login or the other.
    """

    def __init__(self, reference: str) -> None:
        self.path = Path(unquote(urlsplit(reference).path))
        self.next = self.path.with_name(f"{self.path.stem}-next{self.path.suffix}")
        self._promoted: Value | None = None

    def current(self) -> Value:
        value = _read(self.path)
        if value is None:
            raise RotationFailed(f"the secret file {self.path} does not exist; `make up` makes it")
        return value

    def pending(self) -> Value | None:
        return self._promoted or _read(self.next)

    def propose(self, value: Value) -> None:
        _write(self.next, json.dumps(value, indent=2, sort_keys=True) + "\n")

    def promote(self) -> None:
        value = self.pending()
        assert value is not None
        self.replace(value)
        self.next.unlink(missing_ok=True)
        self._promoted = value

    def replace(self, value: Value) -> None:
        pgpass = self.path.with_name(PGPASS)
        if pgpass.exists():
            _write(pgpass, _with_login(pgpass.read_text(), value))
        _write(self.path, json.dumps(value, indent=2, sort_keys=True) + "\n")

    def changed(self) -> datetime:
        """When the current value was written."""
        return datetime.fromtimestamp(self.path.stat().st_mtime, UTC)


def _with_login(lines: str, value: Mapping[str, Any]) -> str:
    """A password file in which *value*'s user has its password."""
    others = [line for line in lines.splitlines() if line.split(":")[3:4] != [value["username"]]]
    login = f"{value['username']}:{value['password']}"
    return "".join(f"{line}\n" for line in [*others, *(f"{h}:{value['port']}:*:{login}" for h in str(value["host"]).split(","))])


def _read(path: Path) -> Value | None:
    try:
        value = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        value = None
    if not isinstance(value, dict) or not {"username", "password", "host", "port", "url"} <= value.keys():
        raise RotationFailed(f"the secret file {path} cannot be read or is no login; remove it and run `make up`")
    return value


def _write(path: Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except BaseException:
        with suppress(OSError):
            scratch.unlink()
        raise
