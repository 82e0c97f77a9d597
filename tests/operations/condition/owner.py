"""What a stack's own jobs get: the owner's environment contract of a real cluster; and a folder with backups."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from operations.backup.manifest import Manifest
from tests.support import LocalPostgres


def owner(postgres: LocalPostgres, **changes: str) -> dict[str, str]:
    """The variables; *changes* over them."""
    hosts = postgres.hosts
    return {
        "ENVIRONMENT": "test",
        "DB_NAME": postgres.dbname,
        "DB_HOST": ",".join(hosts),
        "DB_READER_HOST": ",".join([*hosts[1:], hosts[0]]),
        "DB_PORT": str(postgres.port),
        "DB_USER": "shop_admin",
        "DB_SECRET_ID": postgres.admin_secret.as_uri(),
        "DB_SSL_MODE": "verify-full",
        "DB_SSL_ROOT_CERT": str(postgres.ca),
        **changes,
    }


def publish(root: Path, name: str, started: datetime, claimed: int) -> None:
    """A set of four bytes whose manifest claims *claimed*."""
    made = Manifest(
        name=name, database="shop", started=started, ended=started, bytes=claimed, sha256="0" * 64, server_version="17.10",
        client_version="17.10", toc_entries=1, migration_version=1, row_estimates={},
    )  # fmt: skip
    (root / "daily").mkdir(exist_ok=True)
    (root / "daily" / name).write_bytes(b"dump")
    (root / "daily" / f"{name}.json").write_text(made.to_json())
