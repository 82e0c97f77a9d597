"""A new migration file, with the next number."""

from __future__ import annotations

import re
from pathlib import Path

from operations.errors import Refused
from operations.migrate.files import read_files

_NAME = re.compile(r"[A-Za-z0-9_-]+")
_DIGITS = 3
_TEXT = """\
-- What it changes, and why.
--
-- The file runs in one transaction. CREATE INDEX CONCURRENTLY and its like need a file of their own with one statement that can
-- be repeated (IF NOT EXISTS), below the line "-- transactional: false". An applied file is never edited: write the next one.
"""


def new_file(directory: Path, name: str) -> Path:
    """Makes ``NNN_<name>.sql`` in *directory*, without a statement yet; blanks in *name* become ``_``.

    Raises Refused for a name that no file may have and a folder that cannot be written, MigrationError for one that ``migrate``
    would refuse.
    """
    word = "_".join(name.split())
    if not _NAME.fullmatch(word):
        raise Refused(f"{name!r} is no name for a migration: take letters, digits, _ and -, as in `migrate new add_orders`.")
    files = read_files(directory) if any(directory.glob("*.sql")) or not directory.is_dir() else []
    digits = max([_DIGITS, *(len(file.name.partition("_")[0]) for file in files)])
    number = max((file.version for file in files), default=0) + 1
    path = directory / f"{number:0{digits}}_{word}.sql"
    try:
        with path.open("x", encoding="utf-8") as text:
            text.write(_TEXT)
    except FileExistsError:
        raise Refused(f"Another run has just made {path}: give another name, or take that file.") from None
    except OSError as error:
        raise Refused(f"Cannot write {path}: {error.strerror}; make the folder writable.") from None
    return path
