"""Secrets of the local stack: JSON files of mode 0600, named by references like ``file:///abs/db.json#password``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from components.local.host.errors import LocalError
from components.local.host.jsonfile import private_folder, write_json


def reference(path: Path, key: str) -> str:
    """The reference to *key* of the secret file *path*: what specs and Pulumi state hold in place of the value."""
    return f"{path.resolve().as_uri()}#{key}"


def write(path: Path, values: Mapping[str, str | int]) -> None:
    """Write a secret file in one step: mode 0600, in a folder of mode 0700."""
    private_folder(path.parent)
    write_json(path, dict(values))


def read(path: Path) -> dict[str, str]:
    """All values of a secret file, as text.

    Raises LocalError when the file is missing, readable by others than its owner, or not a JSON object.
    """
    try:
        values = json.loads(_text(path))
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise LocalError(f"the secret file {path} is not a JSON object; remove it and run `make up`")
    return {str(key): str(value) for key, value in values.items()}


def resolve(ref: str) -> str:
    """The value behind ``file:///abs/path.json#key``; without ``#key`` the whole text of the file.

    Raises LocalError for a reference of another form, a missing file or key, and a file others can read.
    """
    parts = urlsplit(ref)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path:
        raise LocalError(f"'{ref}' is not a local secret reference; write file:///absolute/path.json#key")
    path, key = Path(unquote(parts.path)), unquote(parts.fragment)
    if not key:
        return _text(path).rstrip("\n")
    values = read(path)
    if key not in values:
        raise LocalError(f"the secret file {path} has no key '{key}'; it has {', '.join(sorted(values)) or 'none'}")
    return values[key]


def _text(path: Path) -> str:
    try:
        mode = path.stat().st_mode & 0o777
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LocalError(f"the secret file {path} does not exist; run `make up` to create it") from None
    except (OSError, UnicodeDecodeError) as error:
        raise LocalError(f"the secret file {path} cannot be read: {error}") from None
    if mode & 0o077:
        raise LocalError(f"the secret file {path} is open to others (mode {mode:04o}); run `chmod 600 {path}`")
    return text


def resolve_all(references: Mapping[str, str]) -> dict[str, str]:
    """Environment variables to values, each reference resolved now. Raises LocalError naming the variable."""
    values = {}
    for name, ref in references.items():
        try:
            values[name] = resolve(ref)
        except LocalError as error:
            raise LocalError(f"secret {name}: {error}") from None
    return values


def mask(text: str, references: Iterable[str]) -> str:
    """*text* with the values of *references* replaced by ``***``: for log lines that go into an error message."""
    for ref in references:
        try:
            value = resolve(ref)
        except LocalError:
            continue  # what cannot be read was not given to the process either
        if len(value) >= 4:  # shorter ones (a port, an empty password) would only garble the text
            text = text.replace(value, "***")
    return text
