"""Certificates for what the doctor looks at."""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(ends: datetime, *, key_too: bool = False) -> bytes:
    """A self-signed one, PEM; before it its key where *key_too*."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), ends - timedelta(days=90), ends)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(form, serialization.PrivateFormat.PKCS8, plain) if key_too else b""
    return secret + made.public_bytes(form)
