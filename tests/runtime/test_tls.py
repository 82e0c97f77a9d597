"""A server that cannot be trusted is refused; nothing falls back to plain text."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from components.local.host.postgres import tls
from components.local.host.postgres.accounts import postgres_account
from runtime.database import DatabaseManager
from runtime.errors import DatabaseUnavailable

Connect = Callable[..., DatabaseManager]


def test_a_wrong_ca_is_refused(connect: Connect, tmp_path: Path) -> None:
    tls.ensure(tmp_path, postgres_account())
    db = connect(DB_SSL_ROOT_CERT=str(tls.ca_certificate(tmp_path)))
    with pytest.raises(DatabaseUnavailable, match="certificate verify failed"), db.writer():
        pass


def test_a_name_the_certificate_does_not_bear_is_refused(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address])  # the one server, under another name
    db = connect(DB_HOST="other.example", DB_READER_HOST=None)
    with pytest.raises(DatabaseUnavailable, match=r'does not match host name "other\.example"'), db.writer():
        pass


def test_a_server_without_tls_is_refused(connect: Connect) -> None:
    # A listener that answers 'N' to the TLS request, as a PostgreSQL without TLS does.
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with peer:
                    peer.recv(8)
                    peer.sendall(b"N")

        threading.Thread(target=refuse, daemon=True).start()
        port = str(listener.getsockname()[1])
        db = connect(DB_HOST="127.0.0.1", DB_PORT=port, DB_READER_HOST=None)
        with pytest.raises(DatabaseUnavailable, match="server does not support SSL, but SSL was required"), db.writer():
            pass
        listener.shutdown(socket.SHUT_RDWR)
