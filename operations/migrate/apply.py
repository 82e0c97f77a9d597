"""Applies one migration file: its statements and its record in one transaction, or one repeatable statement alone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from operations.connection import Session
from operations.migrate.files import MigrationError, MigrationFile
from operations.migrate.lock import BlockerWatch
from operations.migrate.sql_text import Statement, line_of

_RECORD = """
    INSERT INTO public.schema_migrations (version, name, sha256, seconds, applied_by)
    VALUES (%s, %s, %s, %s, session_user)
"""
_INVALID = """
    SELECT n.nspname, c.relname FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE NOT i.indisvalid AND i.indrelid = to_regclass(%s) AND c.relname = (parse_ident(%s))[1]
"""
_BLOCK_LINE = re.compile(r"inline_code_block line (\d+)")
_DOLLAR = re.compile(r"\$\w*\$")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a run waits, in seconds.

    *lock_timeout*: for one table lock, inside a transaction. Short, because everybody else queues behind the waiting
    statement; instead the file is rolled back and tried again, *attempts* times in all with a growing pause between.
    *concurrent_wait*: the same for files that are not transactional; nobody queues behind ``CONCURRENTLY``.
    *lock_wait*: for another migrator to end.
    """

    lock_timeout: float = 5
    attempts: int = 5
    pause: float = 1
    concurrent_wait: float = 900
    lock_wait: float = 300


@dataclass(frozen=True, kw_only=True)
class Applied:
    """One file that this run applied."""

    version: int
    name: str
    seconds: float


def apply(
    file: MigrationFile, work: Session, watch: Callable[[], BlockerWatch], limits: Limits, progress: Callable[[str], None]
) -> Applied:
    """Runs *file* on *work* and records it. Raises :class:`MigrationError` naming file and line."""
    started = time.monotonic()
    pause = limits.pause
    for attempt in range(1, limits.attempts + 1):
        run = _Run(file, work, started)
        with watch() as watcher:
            try:
                run.in_transaction(limits) if file.transactional else run.alone(limits, progress)
                break
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
                last = error
            except psycopg.Error as error:
                raise run.failure(error) from None
        blocked = f", blocked by {watcher.seen}" if watcher.seen else ""
        if attempt == limits.attempts or not file.transactional:
            raise run.lock_failure(last, blocked, attempt, limits) from None
        progress(f"{file.name}: no lock within {limits.lock_timeout:g} s{blocked}; rolled back, next try in {pause:g} s")
        time.sleep(pause)
        pause *= 2
    return Applied(version=file.version, name=file.name, seconds=time.monotonic() - started)


class _Run:
    """One try at one file; knows the statement it is at, for the error's line."""

    def __init__(self, file: MigrationFile, work: Session, started: float) -> None:
        self.file, self.work, self.started = file, work, started
        self.at: Statement | None = None

    def in_transaction(self, limits: Limits) -> None:
        with self.work.transaction():
            self._set("lock_timeout", limits.lock_timeout, local=True)
            for statement in self.file.statements:
                self._execute(statement)
            self.at = None
            self._record()

    def alone(self, limits: Limits, progress: Callable[[str], None]) -> None:
        statement = self.file.statements[0]
        self.at = statement
        self._set("lock_timeout", limits.concurrent_wait, local=False)
        index = _concurrent_index(statement)
        if index:
            for names in self.work.execute(_INVALID, index).fetchall():
                self.work.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(*names)))
                progress(f"{self.file.name}: dropped the invalid index {'.'.join(names)} that a failed run had left")
        self._execute(statement)
        self.at = None
        self._record()

    def _execute(self, statement: Statement) -> None:
        self.at = statement
        # Bytes without parameters go to the server as they are: a % in them means nothing to psycopg.
        self.work.execute(statement.text.encode())

    def _record(self) -> None:
        seconds = time.monotonic() - self.started
        self.work.execute(_RECORD, (self.file.version, self.file.name, self.file.sha256, seconds))

    def _set(self, name: str, seconds: float, *, local: bool) -> None:
        self.work.execute("SELECT set_config(%s, %s, %s)", (name, f"{int(seconds * 1000)}ms", local))

    def failure(self, error: psycopg.Error) -> MigrationError:
        """The sentence for a statement that failed."""
        diag = error.diag
        said = [diag.message_primary or " ".join(str(error).split())]
        said += [f"({part.strip()})" for part in (diag.message_detail, diag.message_hint) if part]
        return MigrationError(f"{self._place(error)}: {' '.join(said)}; {self._outcome(error)}")

    def lock_failure(self, error: psycopg.Error, blocked: str, attempts: int, limits: Limits) -> MigrationError:
        wait = limits.lock_timeout if self.file.transactional else limits.concurrent_wait
        times = f" in {attempts} tries" if attempts > 1 else ""
        what = "deadlock" if isinstance(error, psycopg.errors.DeadlockDetected) else f"no lock within {wait:g} s"
        return MigrationError(
            f"{self._place(error)}: {what}{times}{blocked}; nothing of the file was applied; end that session or wait "
            "for a quiet moment, then run migrate again"
        )

    def _outcome(self, error: psycopg.Error) -> str:
        if isinstance(error, psycopg.errors.ActiveSqlTransaction):
            return "put '-- transactional: false' above that statement, in a file of its own"
        if self.work.closed:
            return "the connection was lost; run migrate again, it goes on from what the database has recorded"
        if not self.file.transactional:
            return "it is not recorded as applied (an invalid index it leaves is dropped by the next run); mend and run again"
        return "the file was rolled back, what was applied before stays; mend the file and run migrate again"

    def _place(self, error: psycopg.Error) -> str:
        text, at = self.file.text, self.at
        if at is None:
            return f"{self.file.name} line {line_of(text, len(text.rstrip()))} (its end, at COMMIT)"
        offset, line = at.start, at.line
        position = error.diag.statement_position
        block = _BLOCK_LINE.findall(error.diag.context or "")
        if position:
            line = line_of(text, offset + int(position) - 1)
        elif block and at.words[0] == "DO" and (quote := _DOLLAR.search(at.text)):
            line = line_of(text, offset + quote.start()) + int(block[-1]) - 1
        return f"{self.file.name} line {line}"


def _concurrent_index(statement: Statement) -> tuple[str, str] | None:
    """Table and index of a ``CREATE INDEX CONCURRENTLY IF NOT EXISTS``, as written."""
    words, tokens = statement.words, statement.tokens
    if words[0] != "CREATE" or "CONCURRENTLY" not in words or "ON" not in words:
        return None
    at = words.index("ON")
    table = at + 1 + (words[at + 1] == "ONLY")
    end = table + 3 if tokens[table + 1 : table + 2] == (".",) else table + 1
    return "".join(tokens[table:end]), tokens[at - 1]
