"""Calls to Google's REST APIs: credentials, patience, refusals as one sentence, and lists to their end."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from operations.errors import OperationError, Refused

CALL_SECONDS = 30.0
"""How long one answer is waited for."""
AGAIN_SECONDS = 60.0
"""How long a call that Google throttles or cannot serve now is tried again."""
FIRST_PAUSE = 0.5
"""Before the second try; each later pause is twice as long, up to the next one."""
LONGEST_PAUSE = 20.0
BUSY_SECONDS = 900.0
"""How long a call waits for another operation on the same instance, such as the daily backup."""
SCOPE = "https://www.googleapis.com/auth/cloud-platform"

API = {
    "sql": ("CLOUD_SQL_EMULATOR_HOST", "https://sqladmin.googleapis.com"),
    "monitoring": ("CLOUD_MONITORING_EMULATOR_HOST", "https://monitoring.googleapis.com"),
    "run": ("CLOUD_RUN_REST_EMULATOR_HOST", "https://run.googleapis.com"),
    "logging": ("CLOUD_LOGGING_EMULATOR_HOST", "https://logging.googleapis.com"),
}
"""API to the environment variable with ``host:port`` of a stand-in (no TLS, no credentials; for tests), and its real address."""

BUSY = "operationInProgress"
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
NO_CREDENTIALS = "there are no good Google credentials; sign in with `gcloud auth application-default login`"


class GcpRefused(OperationError):
    """One sentence on what Google refused; ``status`` is the HTTP status, ``reason`` Google's word for it."""

    def __init__(self, sentence: str, status: int = 0, reason: str = "") -> None:
        super().__init__(sentence)
        self.status, self.reason = status, reason


class Api:
    """One of Google's REST APIs."""

    def __init__(self, name: str) -> None:
        variable, address = API[name]
        emulator = os.environ.get(variable)
        self._address = f"http://{emulator}" if emulator else address
        self._signed = emulator is None
        self._credentials: Any = None

    def call(
        self,
        what: str,
        method: Method,
        path: str,
        *,
        right: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        patient: bool = True,
    ) -> dict[str, Any]:
        """The answer's JSON. *what*: ``restore shop-dev-drill-1``; *right*: the permission that it needs; *patient*: wait while
        another operation is at work.

        Raises GcpRefused. A call that Google may have begun is never sent again: who calls looks at what there is first.
        """
        import requests

        begun, pause = time.monotonic(), FIRST_PAUSE
        with self._session(what) as session:
            while True:
                try:
                    answer = session.request(method, f"{self._address}/{path}", json=body, params=query, timeout=CALL_SECONDS)
                except requests.RequestException as error:
                    if method == "GET" and time.monotonic() - begun < AGAIN_SECONDS:
                        time.sleep(pause)
                        pause = min(2 * pause, LONGEST_PAUSE)
                        continue
                    kind = type(error).__name__
                    raise GcpRefused(
                        f"cannot {what}: Google cannot be reached ({kind}); check network and proxy, then run it again"
                    ) from None
                if answer.ok:
                    return dict(answer.json()) if answer.content else {}
                status, reason, message = _refusal(answer)
                if time.monotonic() - begun < _patience(method, status, reason, patient):
                    time.sleep(pause)
                    pause = min(2 * pause, LONGEST_PAUSE)
                    continue
                raise GcpRefused(f"cannot {what}: {_sentence(status, reason, message, right)}", status, reason)

    def pages(
        self, what: str, path: str, key: str, *, right: str, query: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """All items *key* of a list that Google gives in pages."""
        asked, found = dict(query or {}), list[dict[str, Any]]()
        while True:
            answer = self.call(what, "GET", path, right=right, query=asked)
            found += answer.get(key, ())
            if not answer.get("nextPageToken"):
                return found
            asked["pageToken"] = answer["nextPageToken"]

    @contextmanager
    def _session(self, what: str) -> Iterator[Any]:
        import requests

        if not self._signed:
            with requests.Session() as session:
                yield session
            return
        with quietly():
            from google.auth.exceptions import GoogleAuthError, TransportError
            from google.auth.transport.requests import AuthorizedSession
        try:
            self._credentials = self._credentials or credentials()
            with AuthorizedSession(self._credentials) as session:  # type: ignore[no-untyped-call]
                yield session
        except TransportError:
            raise GcpRefused(f"cannot {what}: Google's sign-in cannot be reached; check network and proxy") from None
        except GoogleAuthError:
            raise GcpRefused(f"cannot {what}: {NO_CREDENTIALS}") from None


@contextmanager
def quietly() -> Iterator[None]:
    """Google's packages announce at import when they will drop this Python: nothing for a command's output."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


def credentials() -> Any:
    """Of the variables that Pulumi's provider reads too, else of Google's own search (gcloud, the machine's account)."""
    token, key = os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN"), os.environ.get("GOOGLE_CREDENTIALS")
    with quietly():
        if token:
            from google.oauth2.credentials import Credentials

            return Credentials(token)  # type: ignore[no-untyped-call]
        if key:
            from google.oauth2.service_account import Credentials as KeyOfAccount

            try:
                held = json.loads(key) if key.lstrip().startswith("{") else json.loads(Path(key).read_text())
                return KeyOfAccount.from_service_account_info(held, scopes=[SCOPE])  # type: ignore[no-untyped-call]
            except (ValueError, OSError):
                raise Refused("GOOGLE_CREDENTIALS is neither the key of a service account nor a file with one") from None
        import google.auth

        return google.auth.default(scopes=[SCOPE])[0]


@contextmanager
def passing(status: int) -> Iterator[None]:
    """Goes on after a refusal with the HTTP *status*: 404, it is gone; 409, it is there already (not: another operation runs)."""
    try:
        yield
    except GcpRefused as error:
        if error.status != status or error.reason == BUSY:
            raise


def _refusal(answer: Any) -> tuple[int, str, str]:
    try:
        error = answer.json()["error"]
        reasons = [str(one.get("reason", "")) for one in error.get("errors", ())]
        return answer.status_code, next(iter(reasons), str(error.get("status", ""))), str(error.get("message", "")).strip()
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer.status_code, "", str(answer.text).strip()[:200]


def _patience(method: Method, status: int, reason: str, patient: bool) -> float:
    """How long the same call may be sent again: Google has not begun it, or it changes nothing."""
    if reason == BUSY:
        return BUSY_SECONDS if patient else 0
    if status == 429 or reason == "rateLimitExceeded":
        return AGAIN_SECONDS
    return AGAIN_SECONDS if status in (500, 502, 503, 504) and method == "GET" else 0


def _sentence(status: int, reason: str, message: str, right: str) -> str:
    said = message.rstrip(".") or f"HTTP status {status}"
    if status == 401:
        return NO_CREDENTIALS
    if reason == BUSY:
        return "another operation is at work on the instance; run the same command again when it is over"
    if status == 429 or reason == "rateLimitExceeded":
        return "Google throttles this project's calls; run the same command again in a few minutes"
    if status == 403:
        return f"Google denies it ({said}); allow {right} to the identity that runs this command"
    return f"{said} ({reason or status})"
