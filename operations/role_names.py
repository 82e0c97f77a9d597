"""Names of the roles in an application's database, as everything that makes, grants or rotates them knows them."""

from __future__ import annotations

CLONE = "_clone"
"""Ending of the second user's name, as in AWS's own rotation functions."""


def admin_role(app: str) -> str:
    """Name of the role that owns *app*'s database and runs its migrations."""
    return f"{app.replace('-', '_')}_admin"


def application_role(app: str) -> str:
    """Name of the role that *app* logs in as; the first of the two that take turns."""
    return f"{app.replace('-', '_')}_app"


def base_of(username: str) -> str:
    """The first of the two users that *username* is one of."""
    return username.removesuffix(CLONE)


def other(username: str) -> str:
    """The user whose turn is next."""
    return base_of(username) if username.endswith(CLONE) else username + CLONE
