"""Digests of folders of this checkout: what an image digest is to an image."""

from __future__ import annotations

import hashlib

from components.config import ROOT


def digest(*folders: str) -> str:
    """SHA-256 over names and contents of all files in *folders* of the checkout."""
    total = hashlib.sha256()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{total.hexdigest()}"
