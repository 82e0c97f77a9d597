"""Where the stack that is being deployed keeps its data on this machine."""

from __future__ import annotations

import pulumi

from components.config import ROOT
from components.local.host import secrets
from components.local.host.paths import StackPaths, home_of


def place() -> StackPaths:
    """The folders of the current stack."""
    return StackPaths(home=home_of(ROOT), stack=pulumi.get_stack())


def secret_address(paths: StackPaths, secret: str) -> str:
    """The reference to a secret id from a stack file: ``<id>.json`` below the stack's secrets, '#key' kept."""
    name, _, key = secret.partition("#")
    return secrets.reference(paths.secrets / f"{name.lstrip('/')}.json", key)
