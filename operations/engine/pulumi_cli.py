"""Finds the Pulumi CLI, or gets one: installed already, cached, from the official installer, or built from its Go modules.

Developers' machines, CI and many corporate networks cannot reach Pulumi's download site; package registries they can.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from operations.errors import OperationError

MINIMUM = (3, 200, 0)
"""Oldest CLI the driver works with (inline programs for every operation, events by gRPC)."""

VERSION = "3.259.0"
"""The CLI that is installed or built where none is found: the newest whose Go modules were served when this was written."""


@dataclass(frozen=True, kw_only=True)
class Cli:
    """A Pulumi CLI that answers: where it is and its version, for example ``3.259.0``."""

    path: Path
    version: str


def cache_home() -> Path:
    """This program's cache, per user: ``$XDG_CACHE_HOME/managed-postgres`` or ``~/.cache/managed-postgres``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "managed-postgres"


def cached(version: str = VERSION) -> Path:
    """Where an installed or built CLI of *version* is kept; the file need not exist."""
    return cache_home() / f"pulumi-v{version}" / "bin" / "pulumi"


def find_cli() -> Cli | None:
    """A usable CLI on this machine: on PATH, in ``~/.pulumi/bin``, or in our cache, in that order. None when there is none."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    for folder in [*folders, Path.home() / ".pulumi" / "bin"]:
        candidate = folder / "pulumi"
        if candidate.is_file() and os.access(candidate, os.X_OK):
            version = version_of(candidate)
            if version is not None and _numbers(version) >= MINIMUM:
                return Cli(path=candidate, version=version)
    kept = cached()
    return Cli(path=kept, version=VERSION) if os.access(kept, os.X_OK) else None


def version_of(pulumi: Path) -> str | None:
    """What ``pulumi version`` says, without the ``v``; None when it does not run or says something else."""
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run([pulumi, "version"], env=environment, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"v?(\d+\.\d+\.\d+)", answer.stdout.strip())
    return match.group(1) if match and answer.returncode == 0 else None


def ensure() -> Cli:
    """The Pulumi CLI to use; gets one when there is none (progress goes to standard error; a build takes minutes).

    Raises OperationError with what failed and what to do.
    """
    found = find_cli()
    if found is not None:
        return found
    from operations.engine.pulumi_build import build  # only now: most runs never need them
    from operations.engine.pulumi_install import install
    from operations.engine.steps import Steps

    home = cache_home()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with Steps("No Pulumi CLI found; getting one.") as steps, _alone(home / "pulumi.lock", steps.note):
            found = find_cli()  # another run may have published it while we waited
            if found is not None:
                return found
            target = cached().parents[1]
            steps.begin(f"asking the official installer for Pulumi {VERSION}")
            if not install(VERSION, target):
                steps.note("the official installer did not answer: building Pulumi from its Go modules, about 3 minutes")
                build(VERSION, target, steps)
    except OSError as error:
        raise OperationError(
            f"The Pulumi CLI could not be put into {home}: {error.strerror or error}. "
            "Free some space there (a build needs about 4 GB for a while), or set XDG_CACHE_HOME to another folder."
        ) from error
    version = version_of(cached())
    if version is None:
        raise OperationError(
            f"The Pulumi CLI that was just made at {cached()} does not run. "
            "Install Pulumi by hand so that `pulumi version` answers, then try again."
        )
    return Cli(path=cached(), version=version)


def ensure_cli() -> Path:
    """The path of a usable ``pulumi``; see :func:`ensure`."""
    return ensure().path


@contextmanager
def _alone(path: Path, note: Callable[[str], None]) -> Iterator[None]:
    """Only one process gets a CLI at a time; the others wait, and say so."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("another run is getting the Pulumi CLI already: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def publish(made: Path, target: Path) -> None:
    """Put the finished folder *made* at *target* in one step: nobody ever sees half a CLI."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    made.replace(target)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
