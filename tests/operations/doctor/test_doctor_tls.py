"""What the doctor says of certificates, authorities and of something else behind the port."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from operations.doctor.environment import authority
from operations.doctor.reach import reach
from tests.operations.doctor.certificates import certificate
from tests.support import LocalPostgres


def test_a_certificate_past_its_end(tmp_path: Path) -> None:
    file = tmp_path / "server.pem"
    file.write_bytes(certificate(datetime.now(UTC) - timedelta(days=1), key_too=True))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with listening(b"S", context) as port:
        steps = list(reach("127.0.0.1", port, str(file)))
    assert [step.state for step in steps] == ["ok", "failed"]
    assert steps[1].found == "certificate has expired"
    assert "renew it" in steps[1].mend


def test_authorities(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    file = tmp_path / "ca.crt"
    assert "No such file" in authority(file).found
    file.write_text("nothing")
    assert "no certificate" in authority(file).found
    file.write_bytes(certificate(now - timedelta(days=1)))
    assert "all of its 1 certificates are past their end" in authority(file).found
    file.write_bytes(file.read_bytes() + certificate(now + timedelta(days=40)))
    assert authority(file).state == "ok"
    assert authority(file).found.startswith(f"{file}: 1 of 2 certificates are good")


def test_a_certificate_near_its_end(local_postgres: LocalPostgres) -> None:
    at = ("127.0.0.1", local_postgres.port, str(local_postgres.ca))
    ends = datetime.fromisoformat(list(reach(*at))[1].found.rpartition(" ")[2]).replace(tzinfo=UTC)
    assert list(reach(*at, ends - timedelta(days=30)))[1].state == "ok"
    assert list(reach(*at, ends - timedelta(days=7)))[1].state == "warning"
    assert list(reach(*at[:2], None))[1].found.endswith("looked at by nobody (DB_SSL_MODE)")


@contextmanager
def listening(answer: bytes, secured: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server of one connection that answers so, and then speaks TLS where it can."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection = listener.accept()[0]
            with connection:
                connection.recv(8)
                connection.sendall(answer)
                if secured:
                    with suppress(ssl.SSLError):
                        secured.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield int(listener.getsockname()[1])
        thread.join()


@pytest.mark.parametrize(
    ("answer", "says"), [(b"N", "takes no TLS"), (b"HTTP/1.1 400", "takes no TLS"), (b"Snonsense", "no TLS")]
)
def test_something_else_behind_the_port(answer: bytes, says: str) -> None:
    with listening(answer) as port:
        steps = list(reach("127.0.0.1", port, None))
    assert [step.state for step in steps] == ["ok", "failed"]
    assert says in steps[1].found
