"""Password hashes by scrypt, from the standard library."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from threading import BoundedSemaphore

N, R, P = 2**14, 8, 1
"""Cost: 16 MB and about 40 ms of one core for each hash, the least that scrypt's author gives for logins."""

UNUSABLE = "!"
"""Stored for a user without a password; no password matches it."""

# Hashing releases the interpreter's lock: without a bound, forty sign-ups at once take 640 MB and every core.
_slots = BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """``scrypt$N$r$p$salt$key`` (base64), 16 bytes of salt and 32 of key; 91 characters."""
    salt = os.urandom(16)
    key = _derive(password, salt, N, R, P)
    return f"scrypt${N}${R}${P}${b64encode(salt).decode()}${b64encode(key).decode()}"


def matches(password: str, stored: str) -> bool:
    """Whether *stored* is a hash of *password*."""
    if stored == UNUSABLE:
        return False
    _, n, r, p, salt, key = stored.split("$")
    return hmac.compare_digest(_derive(password, b64decode(salt), int(n), int(r), int(p)), b64decode(key))


def _derive(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    with _slots:
        return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=32)
