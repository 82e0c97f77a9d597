"""Buckets: folders of mode 0700 that hold an application's files."""

from __future__ import annotations

import shutil
from pathlib import Path

from components.local.host.errors import LocalError
from components.local.host.jsonfile import private_folder


def ensure(path: str) -> None:
    """Make the folder, or adopt the one that is there with all it holds.

    :raises LocalError: something else has its place.
    """
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise LocalError(f"the bucket {folder} cannot be made: a file of that name is in the way; move it")
    private_folder(folder).chmod(0o700)


def exists(path: str) -> bool:
    return Path(path).is_dir()


def remove(path: str, *, protected: bool, key: str) -> None:
    """Remove the folder. One that is gone already is fine.

    :param protected: refuse while it holds anything.
    :param key: the settings key of the bucket, for the sentence.
    :raises LocalError: it is protected and not empty.
    """
    folder = Path(path)
    if not folder.is_dir():
        return
    if protected and any(folder.iterdir()):
        raise LocalError(
            f"the bucket {folder} holds files and is protected from deletion; "
            f"move them away, or set {key}.deletion_protection to false and run `make up` first"
        )
    shutil.rmtree(folder)
