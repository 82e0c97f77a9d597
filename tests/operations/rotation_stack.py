"""A database with its secrets, and this process as the function that rotates them. The fixture ``stack`` is in conftest."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import psycopg

from operations.application_login import with_login
from operations.rotation.aws import STEPS, handler

FIRST = "first-of-all-7x"
"""Password of the application before any rotation."""


@dataclass(frozen=True)
class Stack:
    """A database with its secrets, as Pulumi leaves them, and this process as the rotation function."""

    secrets: Any
    application: str
    admin: str
    owner: str
    user: str

    def value(self, secret: str = "", **version: str) -> dict[str, Any]:
        answer = self.secrets.get_secret_value(SecretId=secret or self.application, **version)
        return dict(json.loads(answer["SecretString"]))

    def login(self, secret: str = "") -> str:
        value = self.value(secret)
        return with_login(self.owner, value["username"], value["password"])

    def step(self, step: str, token: str, secret: str = "") -> None:
        handler({"Step": step, "SecretId": secret or self.application, "ClientRequestToken": token})

    def rotate(self, secret: str = "") -> dict[str, Any]:
        """A whole rotation; the new value."""
        token = str(uuid.uuid4())
        for step in STEPS:
            self.step(step, token, secret)
        return self.value(secret)


def works(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError as error:
        assert "password authentication failed" in str(error)
        return False
    return True
