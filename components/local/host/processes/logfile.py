"""Log files that stay small: appended to, and set aside as ``.1``, ``.2``... when they are full."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from components.local.host.files import make_folder

MAX_BYTES = 10 * 1024 * 1024
"""Size at which a log file is set aside, as Docker's json-file logs are commonly limited."""
FILES = 3
"""How many files are kept, the current one included."""


def now() -> str:
    """The time of day for logs and status files: UTC, ISO 8601, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


class LogFile:
    """One log file, open for appending, mode 0600. Not for use by two writers at once.

    A full disk must not take the service down: what cannot be written is lost.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, files: int = FILES) -> None:
        self.path, self.max_bytes, self.files = path, max_bytes, files
        make_folder(path.parent)  # not private: PostgreSQL's user writes its logs there, too
        self._open()

    def _open(self) -> None:
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._descriptor).st_size

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: bytes) -> None:
        with suppress(OSError):
            if self._size and self._size + len(data) > self.max_bytes:
                self.rotate()
            self._size += len(data)
            while data:
                data = data[os.write(self._descriptor, data) :]

    def note(self, text: str) -> None:
        """A line of our own between the lines of the process."""
        self.write(f"[{now()}] {text}\n".encode())

    def rotate(self) -> None:
        """Set the current file aside; the oldest one goes."""
        for number in range(self.files - 1, 0, -1):
            older = self.path if number == 1 else self._aside(number - 1)
            if older.exists():
                older.replace(self._aside(number))
        if self.files == 1:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._open()

    def _aside(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")

    def close(self) -> None:
        os.close(self._descriptor)


def size(path: Path) -> int:
    """Bytes in *path* now; 0 when it does not exist."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def tail(path: Path, lines: int = 20, *, since: int = 0) -> str:
    """The last *lines* lines of a log, of at most its last 64 KiB, indented by two spaces.

    *since*: leave out what lies before this byte, unless the file was set aside meanwhile and is shorter.
    """
    try:
        with path.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            begin = since if since <= end else 0
            stream.seek(max(begin, end - 65536))
            text = stream.read().decode(errors="replace")
    except OSError:
        return "  (no log was written)"
    last = text.splitlines()[-lines:]
    return "\n".join(f"  {line}" for line in last) or "  (it wrote nothing)"
