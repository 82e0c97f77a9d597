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
LOGIN = frozenset({"username", "password"})
WHOLE = LOGIN | {"url"}
"""Keys that a secret's value must have. A former login only has to be good for one more time."""
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
    """The secret *name* (``projects/P/secrets/S``) and its companions, seen through *client*.

    Google promises that a version is there at once by its number only: ``latest`` may be an older one for a while. So what this
    process wrote it remembers, and what it found by ``latest`` is compared before it counts.
    """

    def __init__(self, name: str, client: SecretManagerServiceClient) -> None:
        self.name, self.client = name, client
        self._proposed: Value | None = None
        self._written: tuple[Value, int] | None = None

    def current(self) -> Value:
        return self._current()[0]

    def pending(self) -> Value | None:
        if self._proposed:
            return self._proposed
        found, _ = self._read(f"{self.name}-next") or ({}, 0)
        if not found.pop(PROPOSED, False):
            return None
        return None if same_login(found, self.current()) and self._is_noted() else found

    def propose(self, value: Value) -> None:
        self._add(f"{self.name}-next", json.dumps({**value, PROPOSED: True}, sort_keys=True))
        self._proposed = value

    def promote(self) -> None:
        value = self.pending()
        if value is None:
            raise RotationFailed(f"finish: nothing is proposed in {self.name}-next any more; run the rotation again, it goes on")
        current, version = self._current()
        if same_login(value, current):
            password, url = (self._number_with(f"{self.name}-{key}", current[key]) for key in ("password", "url"))
        else:
            password, url = (self._add(f"{self.name}-{key}", value[key]) for key in ("password", "url"))
            version = self._replace(value)  # from here on, who fetches the login has the new one
        self._note(Noted(username=value["username"], version=version, password=password, url=url))
        self._proposed = value

    def replace(self, value: Value) -> None:
        self._replace(value)

    def changed(self) -> datetime:
        """When the current value was written."""
        version = f"{self.name}/versions/{self._current()[1]}"
        with doing(f"look at {version}"):
            created: datetime = self.client.get_secret_version(name=version, **_limits()).create_time
        return created.astimezone(UTC)

    def former(self, username: str) -> Iterator[Value]:
        """Logins that *username* had or was to have, newest first."""
        for name in (self.name, f"{self.name}-next"):
            with doing(f"list the versions of {name}"):
                versions = list(islice(self.client.list_secret_versions(parent=name, **_limits()), FORMER))
            for version in versions:
                if version.state == SecretVersion.State.ENABLED:
                    value, _ = self._read(name, _number(version.name), needed=LOGIN) or ({}, 0)
                    if value.get("username") == username:
                        yield value

    def _current(self) -> tuple[Value, int]:
        """The current value and the number of its version."""
        if self._written:
            return self._written
        found = self._read(self.name)
        if found is None:
            raise RotationFailed(f"the secret {self.name} does not exist or has no value; `pulumi up` gives it one")
        noted = self._noted()
        if noted is not None and noted.version > found[1]:
            found = self._read(self.name, noted.version) or found
        return found

    def _replace(self, value: Value) -> int:
        self._written = value, self._add(self.name, json.dumps(value, sort_keys=True))
        return self._written[1]

    def _note(self, noted: Noted) -> None:
        with doing(f"note the login on {self.name}"):
            secret = self.client.get_secret(name=self.name, **_limits())
            # With the etag that came along: who changes the secret meanwhile makes this fail, and the rotation is run again.
            secret.annotations[NOTE] = noted.text()
            self.client.update_secret(secret=secret, update_mask={"paths": ["annotations"]}, **_limits())

    def _noted(self) -> Noted | None:
        with doing(f"look at {self.name}"):
            return Noted.on(self.client.get_secret(name=self.name, **_limits()).annotations)

    def _is_noted(self) -> bool:
        noted = self._noted()
        return noted is not None and noted.version == self._current()[1]

    def _number_with(self, name: str, text: str) -> int:
        """Number of a version of *name* with *text*: the newest, or a new one where that has another or cannot be seen yet."""
        found = self._access(name)
        return found[1] if found and found[0] == text.encode() else self._add(name, text)

    def _add(self, name: str, text: str) -> int:
        """Number of the new version."""
        data = text.encode()
        payload = SecretPayload(data=data, data_crc32c=crc32c(data))
        with doing(f"write a version of {name}"):
            return _number(self.client.add_secret_version(parent=name, payload=payload, **_limits()).name)

    def _read(self, name: str, version: int | str = "latest", *, needed: frozenset[str] = WHOLE) -> tuple[Value, int] | None:
        """A login and the number of its version; None where there is none."""
        found = self._access(name, version)
        if found is None:
            return None
        try:
            value = json.loads(found[0])
        except ValueError:
            value = None
        if not isinstance(value, dict) or not all(isinstance(value.get(key), str) for key in needed):
            raise RotationFailed(
                f"{name}/versions/{version} is not a login in JSON; write one with username, password and url into the secret"
            )
        return value, found[1]

    def _access(self, name: str, version: int | str = "latest") -> tuple[bytes, int] | None:
        path = f"{name}/versions/{version}"
        with doing(f"read {path}"):
            try:
                answer = self.client.access_secret_version(name=path, **_limits())
            except (NotFound, FailedPrecondition):  # none at all; disabled or destroyed
                return None
        if is_damaged(answer.payload):
            raise RotationFailed(f"{path} arrived damaged (its CRC-32C does not match); run the rotation again")
        return answer.payload.data, _number(answer.name)


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


def _number(version: str) -> int:
    """3 of ``projects/P/secrets/S/versions/3``."""
    return int(version.rpartition("/")[2])
