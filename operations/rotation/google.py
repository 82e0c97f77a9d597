"""A login in Google Secret Manager: JSON in one secret, password and URL for themselves in two more, a proposal in a fourth.

For the secret ``db`` these are ``db-password``, ``db-url`` and ``db-next``. Programs that fetch the newest version of ``db``
have a new login at once. Containers are started with the password at one version, so the versions that belong together are noted
in an annotation of ``db``, from which the next ``up --refresh`` gives them to containers (components/gcp/login.py).
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from operations.rotation.note import NOTE, Noted
from operations.rotation.steps import RotationFailed, Value, same_login
from runtime.secrets.gcp import crc32c, is_damaged

with warnings.catch_warnings():  # Google's packages announce at import when they will drop this Python
    warnings.simplefilter("ignore", FutureWarning)
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
    from google.cloud.secretmanager_v1 import SecretManagerServiceClient, SecretPayload, SecretVersion

PROPOSED = "proposed"
"""Key that a proposal has beside those of a login. Without it the value of ``db-next`` is what `pulumi up` wrote there."""

EMULATOR = "SECRET_MANAGER_EMULATOR_HOST"
"""Environment variable with ``host:port`` of a stand-in for Secret Manager: no TLS, no credentials. For tests."""

SECONDS = 30.0
"""How long one answer is waited for, tries while Google is unavailable or throttles included."""
FORMER = 10
"""Versions that are looked through for a user's last login; it is the second where nothing went wrong."""


def secret_manager() -> SecretManagerServiceClient:
    """A client with the credentials that Google's libraries find: a job's own service account, or gcloud's."""
    emulator = os.environ.get(EMULATOR)
    if not emulator:
        try:
            return SecretManagerServiceClient()
        except GoogleAuthError:
            raise RotationFailed("cannot reach Secret Manager: this process has no Google credentials") from None
    import grpc  # type: ignore[import-untyped]

    transport = SecretManagerServiceClient.get_transport_class("grpc")
    return SecretManagerServiceClient(transport=transport(channel=grpc.insecure_channel(emulator)))


class SecretManagerStore:
    """The secret *name* (``projects/P/secrets/S``) and its companions, seen through *client*."""

    def __init__(self, name: str, client: SecretManagerServiceClient) -> None:
        self.name, self.client = name, client
        self._promoted: Value | None = None

    def current(self) -> Value:
        value = self._value(f"{self.name}/versions/latest")
        if value is None:
            raise RotationFailed(f"the secret {self.name} does not exist or has no value; `pulumi up` gives it one")
        return value

    def pending(self) -> Value | None:
        if self._promoted:
            return self._promoted
        found = self._value(f"{self.name}-next/versions/latest")
        if found is None or not found.pop(PROPOSED, False):
            return None
        return None if same_login(found, self.current()) and self._is_noted() else found

    def propose(self, value: Value) -> None:
        self._add(f"{self.name}-next", json.dumps({**value, PROPOSED: True}, sort_keys=True))

    def promote(self) -> None:
        value = self.pending()
        assert value is not None
        if not same_login(value, self.current()):
            self._add(f"{self.name}-password", value["password"])
            self._add(f"{self.name}-url", value["url"])
            self.replace(value)  # from here on, who fetches the login has the new one
        if not self._is_noted():
            self._note(value["username"])
        self._promoted = value

    def replace(self, value: Value) -> None:
        self._add(self.name, json.dumps(value, sort_keys=True))

    def changed(self) -> datetime:
        """When the current value was written."""
        created: datetime = self._newest(self.name).create_time
        return created.astimezone(UTC)

    def former(self, username: str) -> Iterator[Value]:
        """Logins that *username* had or was to have, newest first."""
        for name in (self.name, f"{self.name}-next"):
            with doing(f"list the versions of {name}"):
                versions = list(islice(self.client.list_secret_versions(parent=name, **_limits()), FORMER))
            for version in versions:
                if version.state == SecretVersion.State.ENABLED:
                    value = self._value(f"{name}/versions/{_number(version)}")
                    if value and value.get("username") == username:
                        yield value

    def _note(self, username: str) -> None:
        version, password, url = (_number(self._newest(f"{self.name}{end}")) for end in ("", "-password", "-url"))
        noted = Noted(username=username, version=version, password=password, url=url)
        with doing(f"note the login on {self.name}"):
            secret = self.client.get_secret(name=self.name, **_limits())
            # With the etag that came along: who changes the secret meanwhile makes this fail, and the rotation is run again.
            secret.annotations[NOTE] = noted.text()
            self.client.update_secret(secret=secret, update_mask={"paths": ["annotations"]}, **_limits())

    def _is_noted(self) -> bool:
        with doing(f"look at {self.name}"):
            noted = Noted.on(self.client.get_secret(name=self.name, **_limits()).annotations)
        return noted is not None and noted.version == _number(self._newest(self.name))

    def _newest(self, name: str) -> SecretVersion:
        with doing(f"look at {name}"):
            return self.client.get_secret_version(name=f"{name}/versions/latest", **_limits())

    def _add(self, name: str, text: str) -> None:
        data = text.encode()
        with doing(f"write a version of {name}"):
            self.client.add_secret_version(parent=name, payload=SecretPayload(data=data, data_crc32c=crc32c(data)), **_limits())

    def _value(self, version: str) -> Value | None:
        with doing(f"read {version}"):
            try:
                payload = self.client.access_secret_version(name=version, **_limits()).payload
            except (NotFound, FailedPrecondition):  # none at all; disabled or destroyed
                return None
        if is_damaged(payload):
            raise RotationFailed(f"{version} arrived damaged (its CRC-32C does not match); run the rotation again")
        try:
            value = json.loads(payload.data)
        except ValueError:
            value = None
        if not isinstance(value, dict) or not {"username", "password"} <= value.keys():
            raise RotationFailed(f"{version} is not a login in JSON; write one with username and password into the secret")
        return value


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Turns what Google refuses into one sentence; it never quotes a value."""
    try:
        yield
    except NotFound as error:
        raise RotationFailed(f"cannot {what}: {error.message}; `pulumi up` makes what is missing") from None
    except PermissionDenied:
        raise RotationFailed(
            f"cannot {what}: Google denies it; only the stack's rotation job may, which "
            "`python -m operations rotate --stack <stack>` runs"
        ) from None
    except GoogleAuthError:
        raise RotationFailed(f"cannot {what}: there are no good Google credentials") from None
    except (GoogleAPICallError, RetryError) as error:
        raise RotationFailed(
            f"cannot {what}: Secret Manager did not answer well ({type(error).__name__}); run the rotation again, it goes on"
        ) from None


def _limits() -> dict[str, Any]:
    again = Retry(if_exception_type(ServiceUnavailable, ResourceExhausted), initial=0.5, timeout=SECONDS)
    return {"retry": again, "timeout": SECONDS}


def _number(version: SecretVersion) -> int:
    return int(version.name.rpartition("/")[2])
