"""Pulumi's own installer, given ten seconds to answer and watched for as long as it keeps answering."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from operations.engine.pulumi_cli import cache_home, publish

QUIET = 10.0
"""Seconds without a byte arriving after which the installer is given up: what an unreachable site costs at most."""

_INSTALL = """
import sys
from pulumi.automation import PulumiCommand
from semver import VersionInfo
PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
"""


def install(version: str, target: Path, *, quiet: float = QUIET) -> bool:
    """Install Pulumi *version* into *target* (``bin/pulumi`` and its plugins).

    False when it cannot be had; nothing is left behind then.
    """
    cache_home().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="install-", dir=cache_home()) as scratch:
        root = Path(scratch) / "root"
        command = [sys.executable, "-c", _INSTALL, str(root), version]
        if not watched(command, Path(scratch), quiet=quiet) or not (root / "bin" / "pulumi").is_file():
            return False
        publish(root, target)
        return True


def watched(command: list[str], scratch: Path, *, quiet: float) -> bool:
    """Run *command*, which works below *scratch* (its TMPDIR), to its end; True when it succeeded.

    It is ended, with everything it started, once nothing below *scratch* has grown for *quiet* seconds.
    """
    process = subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(scratch)},
        cwd=scratch,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        size, since = -1, time.monotonic()
        while process.poll() is None:
            time.sleep(0.1)
            now = _bytes_below(scratch)
            if now != size:
                size, since = now, time.monotonic()
            elif time.monotonic() - since > quiet:
                return False
        return process.returncode == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _bytes_below(folder: Path) -> int:
    total = 0
    for here, _, files in os.walk(folder):
        for name in files:
            with suppress(FileNotFoundError):  # a temporary file that has just gone
                total += (Path(here) / name).lstat().st_size
    return total
