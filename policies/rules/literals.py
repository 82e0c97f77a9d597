"""Secrets written out in a container's environment, where everybody who may look at the service reads them."""

from __future__ import annotations

import re
from typing import Any

from policies.resource import UNKNOWN

NAMES = re.compile(
    r"(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|(API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION)_?KEY)(_?\d+)?$"
    r"|^(AWS_ACCESS_KEY_ID|ECS_ENGINE_AUTH_DATA)$",
    re.IGNORECASE,
)
"""What a variable with a secret is called; the last two are Security Hub's (ECS.8). ``DB_SECRET_ID`` only tells where one is."""

VALUES = re.compile(
    r"[a-z][a-z0-9+.-]*://[^/\s@]*:[^/\s@]+@"  # a URL with a password
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|^\[secret\]$"  # what a review shows of one
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[0-9A-Za-z_-]{35}\b|\bgh[pousr]_[0-9A-Za-z]{36}"
)
"""What a secret looks like, under any name: of a URL, a key, AWS, Google, GitHub."""

REFERENCES = re.compile(r"arn:aws[a-z-]*:|projects/[^/]+/secrets/")
"""A value that says where the secret is."""


def is_literal_secret(name: str, value: Any) -> bool | None:
    """Whether variable *name* holds a secret in clear; None where its *value* is not known yet and so cannot be judged."""
    if value is UNKNOWN:
        return None
    text = str(value or "")
    if VALUES.search(text):
        return True
    return bool(text and NAMES.search(name) and not REFERENCES.match(text))
