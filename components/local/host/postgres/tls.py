"""The certificate authority of one local cluster and the certificate of its servers."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from components.local.host.files import make_folder, write_file
from components.local.host.postgres.accounts import Account

CA_DAYS = 3650
SERVER_DAYS = 825
"""The longest life that Apple's TLS accepts for a server certificate."""
RENEW_DAYS = 30
"""Certificates with less life left are renewed."""
ADDRESSES = tuple(f"127.0.0.{last}" for last in range(1, 17))
"""The certificate names every node a cluster can have: 1 writer and 15 readers."""


def ca_certificate(folder: Path) -> Path:
    """Where the CA's certificate lies below *folder*; clients pass it as sslrootcert."""
    return folder / "ca.crt"


def ca_key(folder: Path) -> Path:
    return folder / "ca.key"


def server_certificate(folder: Path) -> Path:
    return folder / "server.crt"


def server_key(folder: Path) -> Path:
    return folder / "server.key"


def is_good(folder: Path, now: datetime | None = None) -> bool:
    """Whether all four files are there, belong together and live for more than :data:`RENEW_DAYS`."""
    moment = now or datetime.now(UTC)
    if not server_key(folder).exists() or not ca_key(folder).exists():
        return False
    authority, server = _load(ca_certificate(folder)), _load(server_certificate(folder))
    return bool(authority and server and _lives(authority, moment) and _lives(server, moment) and _signed(server, authority))


def ensure(folder: Path, owner: Account, now: datetime | None = None) -> bool:
    """Make or renew CA and server certificate below *folder*; the server's key is readable by *owner* only.

    Returns whether anything changed, in which case running servers must reload.
    """
    moment = now or datetime.now(UTC)
    if is_good(folder, moment):
        return False
    make_folder(folder)
    authority = _load(ca_certificate(folder))
    if authority is None or not ca_key(folder).exists() or not _lives(authority, moment):
        authority = _make_ca(folder, moment)
    _make_server(folder, authority, owner, moment)
    return True


def _lives(certificate: x509.Certificate, moment: datetime) -> bool:
    return certificate.not_valid_after_utc - moment > timedelta(days=RENEW_DAYS)


def _signed(server: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        server.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError):
        return False
    return True


def _load(path: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def _make_ca(folder: Path, moment: datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "managed-postgres local CA")])
    certificate = (
        _builder(name, name, key.public_key(), moment, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_file(ca_key(folder), _pem(key))
    write_file(ca_certificate(folder), certificate.public_bytes(serialization.Encoding.PEM).decode(), mode=0o644)
    return certificate


def _make_server(folder: Path, authority: x509.Certificate, owner: Account, moment: datetime) -> None:
    signer = serialization.load_pem_private_key(ca_key(folder).read_bytes(), password=None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName("localhost"), *(x509.IPAddress(ipaddress.ip_address(item)) for item in ADDRESSES)]
    certificate = (
        _builder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
            authority.subject,
            key.public_key(),
            moment,
            SERVER_DAYS,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    write_file(server_key(folder), _pem(key), owner=owner)
    write_file(server_certificate(folder), certificate.public_bytes(serialization.Encoding.PEM).decode(), mode=0o644)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, moment: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(minutes=5))
        .not_valid_after(moment + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
