"""JSON objects in files that other processes read while we write them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.local.host.files import make_folder, write_file


def private_folder(path: Path) -> Path:
    """*path*, made with mode 0700 when it was missing. Folders above it are made so that PostgreSQL's user may pass."""
    make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace *path* by *value* with sorted keys, whole or not at all, mode 0600. The folder must exist.

    :raises OSError: disk full or no permission.
    """
    write_file(path, json.dumps(value, indent=2, sort_keys=True) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in *path*; None when there is no such file or it holds no JSON object."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return value if isinstance(value, dict) else None
