"""What a rotation on Google Cloud notes on the secret: which versions of its companions are the current login."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Self

NOTE = "managed-postgres-login"
"""Annotation of the secret that holds the login as JSON. One annotation, so that what belongs together changes together."""


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Versions of the secret itself and of those with the password and the URL alone, and whose login they hold."""

    username: str
    version: int
    password: int
    url: int

    @classmethod
    def on(cls, annotations: Mapping[str, str] | None) -> Self | None:
        """The note among a secret's *annotations*; None where no rotation has written one that can be read."""
        try:
            found = json.loads((annotations or {})[NOTE])
            return cls(username=str(found["username"]), **{key: int(found[key]) for key in ("version", "password", "url")})
        except (KeyError, TypeError, ValueError):
            return None

    def text(self) -> str:
        """As it is written."""
        return json.dumps(asdict(self), sort_keys=True)
