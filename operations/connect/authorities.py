"""Certificates of the authorities of RDS, on this machine."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from pathlib import Path

from operations.errors import OperationError

URL = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
SECONDS = 30.0
LEAST_BYTES = 10_000
"""The bundle has some hundred kilobytes: what is far smaller is an answer of a proxy."""


def rds_bundle(preferred: str) -> Path:
    """The bundle: *preferred* where that file is, else one in this user's cache, fetched from AWS the first time.

    Raises OperationError where it cannot be fetched.
    """
    if Path(preferred).is_file():
        return Path(preferred)
    from operations.engine.pulumi_cli import cache_home

    kept = cache_home() / "rds-global-bundle.pem"
    if kept.is_file():
        return kept
    try:
        with urllib.request.urlopen(URL, timeout=SECONDS) as answer:
            content: bytes = answer.read()
    except (urllib.error.URLError, OSError) as error:
        raise OperationError(f"The certificates of RDS cannot be fetched ({error}): put {URL} at {kept} by hand.") from None
    if len(content) < LEAST_BYTES or b"-----BEGIN CERTIFICATE-----" not in content:
        raise OperationError(f"{URL} gave no certificates (a proxy in between?): put the file at {kept} by hand.")
    kept.parent.mkdir(parents=True, exist_ok=True)
    temporary = kept.with_name(f".{kept.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(kept)
    return kept
