"""Certificates: who may read them, how long they live, when they are renewed."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509

from components.local.host.postgres import cluster, node, tls
from components.local.host.postgres.accounts import postgres_account
from tests.support import LocalPostgres

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def server(folder: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(tls.server_certificate(folder).read_bytes())


def test_keys_are_private_and_the_server_reads_only_its_own(tmp_path: Path) -> None:
    account = postgres_account()
    assert tls.ensure(tmp_path, account)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        **{"ca.crt": 0o644, "ca.key": 0o600},
        **{"server.crt": 0o644, "server.key": 0o600},
    }
    assert tls.server_key(tmp_path).stat().st_uid == account.uid
    assert tls.ca_key(tmp_path).stat().st_uid == Path(tmp_path).stat().st_uid


def test_every_possible_node_is_named(tmp_path: Path) -> None:
    tls.ensure(tmp_path, postgres_account())
    names = server(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(item) for item in names.get_values_for_type(x509.IPAddress)] == [f"127.0.0.{n}" for n in range(1, 17)]


def test_python_trusts_the_ca(tmp_path: Path) -> None:
    """OpenSSL's strict checks, which Python switches on from 3.13, want key usages and key identifiers in place."""
    tls.ensure(tmp_path, postgres_account())
    context = ssl.create_default_context(cafile=str(tls.ca_certificate(tmp_path)))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    assert context.cert_store_stats()["x509_ca"] == 1


@pytest.mark.parametrize(
    ("days", "renewed"), [(0, False), (tls.SERVER_DAYS - 31, False), (tls.SERVER_DAYS - 29, True), (tls.SERVER_DAYS + 9, True)]
)
def test_a_certificate_near_its_end_is_renewed(tmp_path: Path, days: int, renewed: bool) -> None:
    tls.ensure(tmp_path, postgres_account(), NOW)
    before, authority = server(tmp_path), tls.ca_certificate(tmp_path).read_text()
    later = NOW + timedelta(days=days)
    assert tls.is_good(tmp_path, later) is not renewed
    assert tls.ensure(tmp_path, postgres_account(), later) is renewed
    assert (server(tmp_path) != before) is renewed
    assert tls.ca_certificate(tmp_path).read_text() == authority, "clients keep their CA"
    assert tls.is_good(tmp_path, later)


def test_an_old_ca_is_replaced_with_what_it_signed(tmp_path: Path) -> None:
    tls.ensure(tmp_path, postgres_account(), NOW)
    authority = tls.ca_certificate(tmp_path).read_text()
    later = NOW + timedelta(days=tls.CA_DAYS - 5)
    assert tls.ensure(tmp_path, postgres_account(), later)
    assert tls.ca_certificate(tmp_path).read_text() != authority
    assert tls.is_good(tmp_path, later)


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "server.crt", "server.key"])
def test_a_lost_or_broken_file_is_made_again(tmp_path: Path, name: str) -> None:
    tls.ensure(tmp_path, postgres_account())
    (tmp_path / name).unlink()
    assert not tls.is_good(tmp_path)
    assert tls.ensure(tmp_path, postgres_account())
    assert tls.is_good(tmp_path)


def test_a_foreign_certificate_is_replaced(tmp_path: Path) -> None:
    ours, other = tmp_path / "ours", tmp_path / "other"
    for folder in (ours, other):
        tls.ensure(folder, postgres_account())
    tls.server_certificate(ours).write_bytes(tls.server_certificate(other).read_bytes())
    assert not tls.is_good(ours)


def test_running_servers_take_a_renewed_certificate(single: LocalPostgres) -> None:
    before = node.observe(single.nodes[0])
    folder = single.cluster_dir / "tls"
    tls.ca_certificate(folder).unlink()
    cluster.ensure(single.cluster_dir)
    for _ in range(50):
        try:
            psycopg.connect(single.superuser()).close()
            break
        except psycopg.OperationalError:  # the reload takes a moment
            continue
    psycopg.connect(single.superuser()).close()
    assert node.observe(single.nodes[0]) == before
