"""Temporary files in memory: PostgreSQL makes thousands of small ones, and a disk takes a tenth of the tests' time for them."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import psutil

SHM = Path("/dev/shm")
ROOM = 8 << 30
"""Bytes that must be free: a run of all tests takes about two GiB at most."""


def use_memory() -> None:
    """Make ``/dev/shm`` the place for temporary files of this process and those that it starts, unless TMPDIR names one.

    Not where it is small, as in a container of its own, or where programs in it may not be run.
    """
    if "TMPDIR" in os.environ or not os.access(SHM, os.W_OK) or os.statvfs(SHM).f_flag & os.ST_NOEXEC:
        return
    if min(shutil.disk_usage(SHM).free, psutil.virtual_memory().available) > ROOM:
        os.environ["TMPDIR"] = str(SHM)
        tempfile.tempdir = None
