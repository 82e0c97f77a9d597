"""The forms DB_SECRET_ID may take. Pure: no SDK, no I/O."""

from __future__ import annotations

import re

AWS = re.compile(r"arn:aws[\w-]*:secretsmanager:(?P<region>[a-z0-9-]+):\d{12}:secret:\S+")
GCP = re.compile(r"projects/[^/\s]+/secrets/[\w-]+(?P<version>/versions/[\w-]+)?")
FILE = re.compile(r"file:///\S.*")

FORMS = (
    "file:///absolute/path.json, the ARN of an AWS Secrets Manager secret, or projects/P/secrets/S[/versions/V] "
    "of Google Secret Manager"
)


def is_reference(text: str) -> bool:
    """Whether *text* has one of the three forms."""
    return any(form.fullmatch(text) for form in (AWS, GCP, FILE))
