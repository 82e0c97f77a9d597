"""Login to Cloud SQL with the service account of the process (IAM) instead of a password."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import Any

from runtime.errors import SecretError
from runtime.secrets.source import Credentials

SCOPE = "https://www.googleapis.com/auth/sqlservice.login"

SECONDS = 5.0
"""How long an answer of the metadata server or of Google's token service is waited for."""


class CloudSqlToken:
    """An access token of the process's own Google identity, renewed when it has run out (an hour); of no use for other APIs.

    user: the database user of that identity, a service account's address without ``.gserviceaccount.com``.
    """

    def __init__(self, *, user: str) -> None:
        self._user = user
        self._lock = Lock()
        self._identity: Any = None

    def token(self, host: str) -> Credentials:
        """The login, the same for every *host*. Raises ``SecretError``."""
        try:
            import google.auth
            from google.auth.exceptions import GoogleAuthError
            from google.auth.transport.requests import Request
        except ImportError:  # google-auth's own where requests is missing
            raise SecretError("DB_LOGIN=cloudsql-iam needs google-auth and requests: pip install google-auth requests") from None
        try:
            with self._lock:
                if self._identity is None:
                    self._identity, _ = google.auth.default(scopes=[SCOPE])
                if not self._identity.valid:
                    self._identity.refresh(partial(Request(), timeout=SECONDS))
                return Credentials(username=self._user, password=self._identity.token)
        except GoogleAuthError as error:
            raise SecretError(
                f"cannot get a token for {self._user} at {host} ({type(error).__name__}): "
                "run this process as a service account with roles/cloudsql.instanceUser"
            ) from None
