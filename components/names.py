"""Names, tags and labels: pure functions, the only place where physical names are put together."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

PROJECT = "managed-postgres"

OPERATIONS_IMAGE = "operations:0.1.0"
"""Image with ``python -m operations``: this version, in the stack's own registry. A test holds it to pyproject.toml."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whose resources these are: what every name, tag and secret id is made from, and what all components must know."""

    app: str
    environment: str
    tier: str
    stack: str
    region: str = ""
    """Region of the cloud, such as ap-northeast-1."""
    tags: dict[str, str] = field(default_factory=dict)
    operations_image: str = OPERATIONS_IMAGE
    """Image of ``python -m operations``, for what the stack runs by itself: backups, drills, password rotation."""

    @property
    def production(self) -> bool:
        """Whether data must survive mistakes: protection, final backups, no automatic deletion."""
        return self.tier == "prod"

    def physical(self, *roles: str, limit: int = 63) -> str:
        """A name at the provider: ``<app>-<environment>-<roles>``, shortened by :func:`shorten` to *limit* characters."""
        return shorten("-".join((self.app, self.environment, *roles)), limit)

    @property
    def database_secret(self) -> str:
        """Id of the application's database secret, ``<app>/<environment>/db``."""
        return f"{self.app}/{self.environment}/db"

    def secret_name(self, *roles: str) -> str:
        """Id of a secret where no '/' may stand in it (Google Cloud): ``<app>-<environment>-<roles>``."""
        return "-".join((self.app, self.environment, *roles))

    def all_tags(self) -> dict[str, str]:
        """The stack file's tags and ours; ours win, because cost reports and sweeps rely on them."""
        return {
            **self.tags,
            "app": self.app,
            "environment": self.environment,
            "tier": self.tier,
            "managed-by": PROJECT,
            "stack": self.stack,
        }

    def named(self, name: str) -> dict[str, str]:
        """All tags and the ``Name`` that AWS consoles show."""
        return {**self.all_tags(), "Name": self.physical(name, limit=128)}

    def labels(self) -> dict[str, str]:
        """The same as Google Cloud labels: lower-case letters, digits, '-' and '_', at most 63."""
        return {label(key): label(value) for key, value in self.all_tags().items()}


def shorten(name: str, limit: int) -> str:
    """*name*, or, where it is longer than *limit*, its beginning and six hex digits of its SHA-256: long names stay distinct."""
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: limit - 7].rstrip('-')}-{digest}"


def label(text: str) -> str:
    """*text* as a Google Cloud label key or value."""
    return shorten(re.sub(r"[^a-z0-9_-]", "-", text.lower()), 63)
