"""What every process of the local stack finds in its environment, and the mark by which it is found again."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[4]
"""The folder that holds ``components``: the import root of our own daemons."""

MARK = "MANAGED_POSTGRES_RUN"
"""The variable that names the run folder a process belongs to. Children inherit it, even those that left the group."""


def base() -> dict[str, str]:
    """The clean environment of a container: no variable of the caller's shell leaks into a service.

    ``PATH`` starts with the folder of this interpreter, so ``python`` is the one of the virtual environment.
    """
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",  # output goes through a pipe: without it the last lines before a crash are lost
    }


def of(run_dir: Path, environment: Mapping[str, object], secrets: Mapping[str, str]) -> dict[str, str]:
    """The environment of one process: :func:`base`, its own variables, its resolved secrets, and the mark."""
    return {**base(), **{name: str(value) for name, value in environment.items()}, **secrets, MARK: str(run_dir)}


def of_daemon() -> dict[str, str]:
    """The environment of our own daemons: they import ``components`` wherever their working directory is."""
    return {**base(), "PYTHONPATH": str(CHECKOUT)}
