"""Google Secret Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.errors import SecretError
from runtime.secrets.reference import GCP
from runtime.secrets.source import Credentials, credentials_in

if TYPE_CHECKING:
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient, SecretPayload

SECONDS = 5.0
"""How long an answer is waited for, attempts while the service is unavailable or exhausted included."""


class GcpSecret:
    """``projects/P/secrets/S[/versions/V]``, version ``latest`` by default. *client*: for tests."""

    def __init__(self, reference: str, *, client: SecretManagerServiceClient | None = None) -> None:
        form = GCP.fullmatch(reference)
        if form is None:
            raise ValueError(f"not the name of a Google secret: {reference}")
        self.name = reference if form["version"] else f"{reference}/versions/latest"
        self._client = client

    def fetch(self) -> Credentials:
        try:
            from google.api_core.exceptions import (
                FailedPrecondition,
                GoogleAPICallError,
                NotFound,
                PermissionDenied,
                ResourceExhausted,
                RetryError,
                ServiceUnavailable,
            )
            from google.api_core.retry import Retry, if_exception_type
            from google.auth.exceptions import GoogleAuthError
            from google.cloud.secretmanager_v1 import SecretManagerServiceClient
        except ModuleNotFoundError:
            raise SecretError("Google Secret Manager needs its client library: pip install google-cloud-secret-manager") from None
        try:
            self._client = self._client or SecretManagerServiceClient()
            # The client's own retry goes on for a minute, whatever the timeout.
            again = Retry(if_exception_type(ServiceUnavailable, ResourceExhausted), initial=0.2, timeout=SECONDS)
            payload = self._client.access_secret_version(name=self.name, retry=again, timeout=SECONDS).payload
        except NotFound:
            raise SecretError(f"there is no {self.name}: check the project, the name and the version") from None
        except PermissionDenied:
            raise SecretError(
                f"Google refuses to show {self.name}: grant roles/secretmanager.secretAccessor on it to this service's account"
            ) from None
        except FailedPrecondition:
            raise SecretError(
                f"{self.name} is disabled or destroyed: enable that version again, or add a new one to the secret"
            ) from None
        except GoogleAuthError:
            raise SecretError(f"cannot read {self.name}: this process has no Google credentials") from None
        except (GoogleAPICallError, RetryError) as error:
            raise SecretError(
                f"Google Secret Manager did not give {self.name} ({type(error).__name__}); is its API enabled and reachable?"
            ) from None
        if is_damaged(payload):
            raise SecretError(f"{self.name} arrived damaged (its CRC-32C does not match)")
        return credentials_in(payload.data, self.name)


def is_damaged(payload: SecretPayload) -> bool:
    """Whether its checksum says so. It has one unless the secret was written by a client that sent none."""
    return "data_crc32c" in payload and payload.data_crc32c != crc32c(payload.data)


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli). The standard library has only the other CRC-32; a secret is a few hundred bytes."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
