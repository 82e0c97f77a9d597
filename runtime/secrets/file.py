"""A JSON file: the local stack's secret, or one that an orchestrator mounts into the container."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from runtime.errors import SecretError
from runtime.secrets.source import Credentials, credentials_in


class FileSecret:
    """``file:///absolute/path.json``; read anew at each fetch."""

    def __init__(self, reference: str) -> None:
        self.path = Path(unquote(urlsplit(reference).path))

    def fetch(self) -> Credentials:
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise SecretError(f"cannot read the secret file {self.path}: {error.strerror}") from None
        return credentials_in(content, f"the secret file {self.path}")
