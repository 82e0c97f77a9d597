"""The owner's login to a copy, with a password that only the copy knows."""

from __future__ import annotations

import secrets

import psycopg
from psycopg.conninfo import make_conninfo

from components.local.host.errors import LocalError
from components.local.host.files import write_file
from components.local.host.postgres import copies
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.copies import LocalCopy
from operations import role_names, roles


def owner(original: Cluster, copy: LocalCopy, app: str) -> str:
    """libpq's connection string, password included. The password is made at the first call and lies in a 0600 file of the copy.

    :raises LocalError: the copy does not run, or lacks database or owner: it was made before they were.
    """
    if not copy.ready:
        raise LocalError(f"the copy {copy.name} is {copy.state}; restore it again under the same name, or delete it.")
    names = sorted(path.stem for path in (original.directory / "databases").glob("*.json"))
    if len(names) != 1:
        raise LocalError(f"the cluster in {original.directory} should hold one application database, it holds {len(names)}.")
    role, file = role_names.admin_role(app), copy.cluster.directory / "owner.password"
    if not file.exists():
        write_file(file, secrets.token_urlsafe(24))
    password = file.read_text()
    server = copy.cluster.servers()[0]
    with server.connect() as session:
        try:
            roles.change_password(session, role=role, password=password)
        except psycopg.Error as error:
            raise LocalError(f"the copy {copy.name} does not know {role}: {error.diag.message_primary}.") from None
    return make_conninfo(
        "",
        host=copies.ADDRESS,
        port=copy.port,
        dbname=names[0],
        user=role,
        password=password,
        sslmode="verify-full",
        sslrootcert=str(copy.cluster.ca),
        target_session_attrs="read-write",
    )
