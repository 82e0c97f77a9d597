"""A copy of this checkout for tests that run commands in one, and a home for the Pulumi that they run."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import cache_from_source
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def copy_checkout(root: Path, *, without: tuple[str, ...] = ()) -> None:
    """Put into *root* what git would clone, uncommitted changes included, but nothing that begins with one of *without*.

    Compiled modules go along: each process of each copy would spend seconds on compiling all of them anew.
    """
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    names = [name for name in listed if not name.startswith(without)]
    for name in [*names, *(cache_from_source(name) for name in names if name.endswith(".py"))]:
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)


def pulumi_home(folder: Path) -> Path:
    """Make *folder* a PULUMI_HOME in which no command can keep a debug log: that is a fifth of the engine's time."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logs").touch()
    return folder
