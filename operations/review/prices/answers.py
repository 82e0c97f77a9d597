"""Answers of a price list over HTTP: read piece by piece, and never taken for whole when they were cut."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from operations.errors import Refused

SECONDS = 60
"""A server that is silent for so long is given up."""
AGAIN = "The table is as it was; run the command again later."


@contextmanager
def answer(url: str, headers: Mapping[str, str] | None = None) -> Iterator[IO[bytes]]:
    """The body of *url*, to be read in pieces. *headers* are never in a message: one may be a key.

    Raises:
        Refused: no such server, an error status, silence, or fewer bytes than were announced.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise Refused(f"'{url}' is no address; write it as https://...")
    request = Request(url, headers={"User-Agent": "managed-postgres prices", **(headers or {})})
    try:
        with urlopen(request, timeout=SECONDS) as response:
            yield io.BufferedReader(_Whole(url, response), buffer_size=1 << 16)
    except HTTPError as error:
        error.close()
        raise Refused(f"{url} answered {error.code} {error.reason}. {_hint(error.code)}{AGAIN}") from None
    except URLError as error:
        raise Refused(f"{url} cannot be reached: {error.reason}. {AGAIN}") from None
    except (TimeoutError, ConnectionError, HTTPException) as error:
        raise Refused(f"{url} broke off ({type(error).__name__}). {AGAIN}") from None


def _hint(status: int) -> str:
    return "Give a valid key of the Cloud Billing API in GOOGLE_BILLING_API_KEY. " if status in (400, 401, 403) else ""


class _Whole(io.RawIOBase):
    """The bytes of a response; at their end it counts them, which the standard library does not do for reads in pieces."""

    def __init__(self, url: str, response: HTTPResponse) -> None:
        self._url, self._response, self._seen = url, response, 0
        announced = response.headers.get("Content-Length", "")
        self._announced = int(announced) if announced.isdigit() else None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        size = self._response.readinto(buffer)
        self._seen += size
        if not size and self._announced is not None and self._seen < self._announced:
            raise Refused(f"The answer of {self._url} was cut after {self._seen} of {self._announced} bytes. {AGAIN}")
        return size
