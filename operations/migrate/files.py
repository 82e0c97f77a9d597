"""The migration files of a folder, and what is wrong with them: before anything runs.

A file is named ``NNN_name.sql``. It runs in one transaction, unless a comment above its first statement says
``-- transactional: false``; then it holds one single statement that may be repeated (``... IF NOT EXISTS``), because
nothing would undo the first of two when the second fails.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from operations.errors import OperationError
from operations.migrate.sql_text import SqlTextError, Statement, split

_NAME = re.compile(r"(\d{3,18})_[A-Za-z0-9_-]+\.sql")
_HEADER = re.compile(r"^--\s*transactional:\s*(\S*)\s*$", re.MULTILINE | re.IGNORECASE)
_TRANSACTION_CONTROL = {"BEGIN", "START", "COMMIT", "END", "ABORT", "ROLLBACK"}


class MigrationError(OperationError):
    """One sentence for the user: what is wrong, in which file and line, and how to mend it."""


_DATA = frozenset({"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "SELECT", "TRUNCATE", "VALUES", "WITH"})
_GUARDS = (
    (("CREATE",), "CONCURRENTLY", ("IF", "NOT", "EXISTS")),
    (("DROP",), "CONCURRENTLY", ("IF", "EXISTS")),
    (("ALTER", "TYPE"), "VALUE", ("IF", "NOT", "EXISTS")),
)
"""What, outside of a transaction, makes a statement one that can be repeated: how it begins, and what follows which word."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """A row of ``schema_migrations``: one file that has been applied."""

    version: int
    name: str
    sha256: str
    applied_at: datetime
    seconds: float
    applied_by: str


@dataclass(frozen=True)
class MigrationFile:
    """One file. *sha256* is that of its bytes with ``\\r\\n`` read as ``\\n``: a Windows checkout is not an edit."""

    path: Path
    version: int
    text: str
    sha256: str

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def statements(self) -> list[Statement]:
        try:
            return split(self.text)
        except SqlTextError as error:
            raise MigrationError(f"{self.name} {error}; close it") from None

    @cached_property
    def transactional(self) -> bool:
        above = self.text[: self.statements[0].start] if self.statements else self.text
        values = [value.lower() for value in _HEADER.findall(above)]
        if any(value not in ("true", "false") for value in values):
            raise MigrationError(f"{self.name}: '-- transactional:' takes true or false, not {values[0]!r}")
        return "false" not in values

    def check(self) -> None:
        """Raises :class:`MigrationError` when the file could not be applied wholly or not at all."""
        if not self.statements:
            raise MigrationError(f"{self.name} holds no SQL statement; write one, or delete the file")
        if not self.transactional:
            self._check_runnable(self.statements[0])
            self._check_single()
            return
        for statement in self.statements:
            self._check_runnable(statement)
            word, *rest = (*statement.words, "")
            to_savepoint = word == "ROLLBACK" and "TO" in rest[:2]
            if (word in _TRANSACTION_CONTROL and not to_savepoint) or statement.words[:2] == ("PREPARE", "TRANSACTION"):
                raise MigrationError(
                    f"{self.name} line {statement.line}: {word} is not allowed, the whole file already runs in one "
                    "transaction; take the line out, or split the file in two"
                )

    def _check_runnable(self, statement: Statement) -> None:
        """psql does these two by itself; over a plain connection they could not end well."""
        if statement.tokens[0] == "\\":
            raise MigrationError(f"{self.name} line {statement.line}: a psql command; a migration holds SQL only, take it out")
        if statement.words[0] == "COPY" and "STDIN" in statement.words:
            raise MigrationError(f"{self.name} line {statement.line}: COPY FROM STDIN brings no data here; use INSERT")

    def _check_single(self) -> None:
        first = self.statements[0]
        if len(self.statements) > 1:
            raise MigrationError(
                f"{self.name} line {self.statements[1].line}: a file with '-- transactional: false' holds one statement "
                "only, so that a failure leaves nothing half applied; give each statement its own file"
            )
        if first.words[0] in _DATA:
            raise MigrationError(
                f"{self.name} line {first.line}: {first.words[0]} belongs in a transaction with its record, or a crash between "
                "the two would repeat it; take the line '-- transactional: false' out"
            )
        for opening, word, guard in _GUARDS:
            if first.words[: len(opening)] == opening and word in first.words:
                at = first.words.index(word) + 1
                if first.words[at : at + len(guard)] != guard:
                    raise MigrationError(
                        f"{self.name} line {first.line}: write {word} {' '.join(guard)}, so that the file can be run "
                        "again after a crash between the statement and its record"
                    )


def read_files(directory: Path) -> list[MigrationFile]:
    """The migrations of *directory* by version. Folders and files of other kinds in it are left alone.

    Raises :class:`MigrationError` for a folder that is missing or empty, a badly named file, a version given twice.
    """
    if not directory.is_dir():
        raise MigrationError(f"there is no folder {directory}; name the folder of the migrations with --directory")
    files: dict[int, MigrationFile] = {}
    for path in sorted(directory.glob("*.sql")):
        version = version_of(path)
        if version is None:
            raise MigrationError(f"{path} is not named like a migration; call it NNN_what_it_does.sql, or move it away")
        if version in files:
            raise MigrationError(f"{files[version].name} and {path.name} have the same number; give one of them the next")
        files[version] = _read(path, version)
    if not files:
        raise MigrationError(f"{directory} holds no file NNN_name.sql; name the folder of the migrations with --directory")
    return [files[version] for version in sorted(files)]


def version_of(path: Path) -> int | None:
    """The number of a file that is named like a migration, else None."""
    match = _NAME.fullmatch(path.name)
    return int(match.group(1)) if match else None


def _read(path: Path, version: int) -> MigrationFile:
    try:
        data = path.read_bytes().replace(b"\r\n", b"\n")
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MigrationError(f"cannot read {path} as UTF-8 text: {error}") from None
    return MigrationFile(path, version, text, hashlib.sha256(data).hexdigest())


def problem_of(files: Iterable[MigrationFile], records: Iterable[Record], *, allow_newer: bool = False) -> str | None:
    """The first disagreement between the files and the records, as a sentence; None when they agree.

    *allow_newer*: records above the newest file are fine. That is the case when an older release is deployed again.
    """
    by_version = {file.version: file for file in files}
    newest_file = max(by_version, default=0)
    newest: Record | None = None
    for record in sorted(records, key=lambda record: record.version):
        file = by_version.get(record.version)
        if newest is None or record.version > newest.version:
            newest = record
        if file is None:
            if allow_newer and record.version > newest_file:
                continue
            return (
                f"{record.name} (sha256 {record.sha256}) was applied on {record.applied_at:%Y-%m-%d %H:%M} but the file is "
                "missing; bring it back from version control, or pass --allow-newer if an older release is deployed on purpose"
            )
        if file.name != record.name:
            return f"{record.name} was applied but is now called {file.name}; give the file its old name back"
        if file.sha256 != record.sha256:
            return (
                f"{file.name} was edited after it was applied: sha256 {file.sha256} now, {record.sha256} when applied on "
                f"{record.applied_at:%Y-%m-%d %H:%M}; bring the old text back and put the change in a new file"
            )
    applied = {record.version for record in records}
    for file in by_version.values():
        if newest and file.version < newest.version and file.version not in applied:
            return (
                f"{file.name} (sha256 {file.sha256}) is out of order: {newest.name} (sha256 {newest.sha256}) was applied "
                "before it; give the new file a number above that"
            )
    return None
