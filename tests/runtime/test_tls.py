"""A server that cannot be trusted is refused; nothing falls back to plain text."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from components.local.host.postgres import tls
from components.local.host.postgres.accounts import postgres_account
from runtime.database import DatabaseManager
from runtime.errors import DatabaseUnavailable
from tests.runtime.cluster import LocalCluster
from tests.runtime.work import answer

Connect = Callable[..., DatabaseManager]


def test_a_wrong_ca_is_refused(connect: Connect, tmp_path: Path) -> None:
    tls.ensure(tmp_path, postgres_account())
    db = connect(DB_SSL_ROOT_CERT=str(tls.ca_certificate(tmp_path)))
    with pytest.raises(DatabaseUnavailable, match="certificate verify failed"), db.writer():
        pass


def test_without_an_authority_nobody_is_trusted(connect: Connect, tmp_path: Path) -> None:
    empty, gone = tmp_path / "empty.pem", tmp_path / "gone.pem"
    for path in (empty, gone):
        path.touch()
    managers = [connect(DB_SSL_ROOT_CERT=str(path), DB_READER_HOST=None) for path in (empty, gone)]
    gone.unlink()  # the contract is read once, the file at every connection
    for db, reason in zip(managers, ("could not read root certificate file", "does not exist"), strict=True):
        with pytest.raises(DatabaseUnavailable, match=reason), db.writer():
            pass


def test_a_ca_file_that_is_replaced_counts_from_the_next_connection_on(
    connect: Connect, cluster: LocalCluster, tmp_path: Path
) -> None:
    bundle = tmp_path / "bundle.pem"
    shutil.copyfile(cluster.postgres.ca, bundle)
    db = connect(DB_SSL_ROOT_CERT=str(bundle), DB_READER_HOST=None)
    assert answer(db) == 1
    tls.ensure(tmp_path, postgres_account())
    shutil.copyfile(tls.ca_certificate(tmp_path), bundle)  # as when the authority is changed for another
    db.drain()
    with pytest.raises(DatabaseUnavailable, match="certificate verify failed"):
        answer(db)
    shutil.copyfile(cluster.postgres.ca, bundle)
    deadline = time.monotonic() + 60
    while not db.health_check():
        assert time.monotonic() < deadline


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
