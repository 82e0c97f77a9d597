"""A JSON call to the REST interface of GitHub or GitLab, its refusals as one sentence."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from operations.errors import OperationError

SECONDS = 30
"""Patience with one answer."""


def call(method: str, url: str, headers: dict[str, str], body: dict[str, Any] | None = None) -> Any:
    """The decoded answer. Raises OperationError when there is none, or a refusal; the token is in no sentence."""
    if not url.startswith(("https://", "http://127.0.0.1:")):
        raise OperationError(f"{url} is not an https address: the token would be sent in clear.")
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, {"content-type": "application/json", **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            reason = error.read(300).decode(errors="replace")
        raise OperationError(f"{method} {url} was answered with {error.code}: {reason}") from None
    except (OSError, ValueError) as error:
        raise OperationError(f"{method} {url} got no answer that can be read: {error}") from None
