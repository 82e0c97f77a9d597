"""A full disk, recognised whoever reports it, in one sentence."""

from __future__ import annotations

import contextlib
import errno
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from components.local.host.errors import LocalError

LOW_BYTES = 4 * 2**20
"""Less free space than this counts as a full disk when something failed there and gave no better reason."""
_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|wrote only \d+ of \d+ bytes")


def disk_full(folder: Path) -> LocalError:
    """The sentence for the full disk of *folder*."""
    free = shutil.disk_usage(_existing(folder)).free / 2**20
    return LocalError(f"the disk of {folder} is full ({free:.0f} MiB free); make room there and try again.")


def is_reason(text: str, folder: Path) -> bool:
    """Whether a program that failed with *text* while it wrote below *folder* failed for want of space."""
    return bool(_NO_SPACE.search(text)) or shutil.disk_usage(_existing(folder)).free < LOW_BYTES


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[None]:
    """Turn the operating system's error for a full disk into :func:`disk_full`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise disk_full(folder) from None


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())
