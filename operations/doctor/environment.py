"""The environment contract: are the variables there and right, the CA file good, the login to be had."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from operations.doctor.check import Check, failed, ok, warning
from operations.errors import OperationError


def contract(environ: Mapping[str, str]) -> Iterator[Check]:
    """The variables, then the CA file, then the login's secret. Whatever comes after a failure rests on it and is left out."""
    from runtime.environment import DatabaseEnvironment
    from runtime.errors import EnvironmentProblem

    try:
        given = DatabaseEnvironment.from_environ(environ)
    except EnvironmentProblem as problem:
        yield failed("environment", str(problem), "set the variables that are named (README.md tells what each means)")
        return
    at = f"{given.db_host}:{given.db_port}/{given.db_name}"
    if given.db_ssl_mode in ("verify-full", "verify-ca"):
        yield ok("environment", f"{at}, {given.db_ssl_mode}")
    else:
        mend = "set DB_SSL_MODE to verify-full and DB_SSL_ROOT_CERT to the provider's CA file"
        yield warning("environment", f"{at}, DB_SSL_MODE={given.db_ssl_mode} accepts any server", mend)
    if given.db_ssl_root_cert not in (None, "system"):
        yield authority(Path(given.db_ssl_root_cert))
    yield _secret(environ)


def authority(path: Path, now: datetime | None = None) -> Check:
    """The CA file: readable, and not every certificate in it past its end."""
    moment = now or datetime.now(UTC)
    mend = "take the provider's present CA file (components/*/README.md) and point DB_SSL_ROOT_CERT at it"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(path)
    except OSError as error:  # SSLError is one
        reason = "it holds no certificate in PEM form" if isinstance(error, ssl.SSLError) else str(error.strerror)
        return failed("CA file", f"{path}: {reason}", mend)
    found = [ends_of(one) for one in context.get_ca_certs()]
    good = [end for end in found if end > moment]
    if not good:
        return failed("CA file", f"{path}: all of its {len(found)} certificates are past their end", mend)
    return ok("CA file", f"{path}: {len(good)} of {len(found)} certificates are good, the last until {max(good):%Y-%m-%d}")


def ends_of(certificate: Mapping[str, Any]) -> datetime:
    """The last moment of a certificate as Python's ssl describes it."""
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)


def _secret(environ: Mapping[str, str]) -> Check:
    from operations.connection import conninfo_of

    where = environ.get("DB_SECRET_ID") or "DB_USER and DB_PASSWORD"
    try:
        conninfo_of(environ)
    except OperationError as error:
        return failed("secret", str(error), "check DB_SECRET_ID, and that this identity may read that secret")
    return ok("secret", f"the login is in {where}")
