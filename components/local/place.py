"""Where the stack that is being deployed keeps its data on this machine, and what its images are."""

from __future__ import annotations

import hashlib

import pulumi

from components.config import ROOT
from components.local.host import secrets
from components.local.host.paths import StackPaths, home_of


def place() -> StackPaths:
    """The folders of the current stack."""
    return StackPaths(home=home_of(ROOT), stack=pulumi.get_stack())


def digest(*folders: str) -> str:
    """SHA-256 over names and contents of all files in *folders* of the checkout: what an image digest is on a cloud."""
    total = hashlib.sha256()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{total.hexdigest()}"


def secret_address(paths: StackPaths, secret: str) -> str:
    """The reference to a secret id from a stack file: ``<id>.json`` below the stack's secrets, '#key' kept."""
    name, _, key = secret.partition("#")
    return secrets.reference(paths.secrets / f"{name.lstrip('/')}.json", key)
