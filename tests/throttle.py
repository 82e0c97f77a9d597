"""Secrets Manager under load, as moto's server in this process answers for it over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.models import SecretsManagerBackend


def throttle_secrets(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The next *times* fetches of a secret are refused with ``ThrottlingException``."""
    fetch, left = SecretsManagerBackend.get_secret_value, iter(range(times))

    def answer(backend: Any, *args: Any, **asked: Any) -> Any:
        if next(left, None) is not None:
            raise JsonRESTError("ThrottlingException", "Rate exceeded")
        return fetch(backend, *args, **asked)

    monkeypatch.setattr(SecretsManagerBackend, "get_secret_value", answer)
