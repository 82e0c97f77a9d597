"""The application's login, kept in step with its secret. Two users take turns: ``shop_app`` and ``shop_app_clone``.

The second is a member of the first and has no rights of its own, so the rights are in one place. The secret's current value
always is a login that works; who finds one that does not (a first deployment, a restored database) mends the database. Where
the cloud makes the users (Cloud SQL), only their rights are given here.
"""

from __future__ import annotations

import secrets

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InsufficientPrivilege

from operations import roles
from operations.connection import ConnectionFailed, Session, connect
from operations.errors import OperationError
from operations.role_names import base_of

LOCK = 0x6D705F6C6F67  # "mp_log"
"""Advisory lock: a migration job and a rotation may meet."""


def works(conninfo: str) -> bool:
    """Whether the server accepts this login. Raises ``ConnectionFailed`` where the server cannot be asked."""
    try:
        connect(conninfo, "operations login").close()
    except ConnectionFailed as error:
        if "authentication failed" in str(error):
            return False
        raise
    return True


def ensure(admin: str, application: str) -> bool:
    """Make the application's login work, with its rights; True when something lacked. Both are connection strings to the
    application's database.

    A cloud may have made the user with its password, but knows nothing of rights inside the database: these it gets here, once.
    From then on a user keeps its rights, whatever migrations have made of them, and a login that works keeps its password. May
    be repeated, and run by several at once.
    """
    login = conninfo_to_dict(application)
    username, password = str(login["user"]), str(login["password"])
    base, known = base_of(username), works(application)
    with connect(admin, "operations login") as session:
        entitled = roles.has_application_rights(session, base)
        if known and entitled:
            return False
        owner, dbname = session.info.user, session.info.dbname
        with session.transaction():
            _lock(session)
            roles.ensure_database(session, dbname=dbname, owner=owner)
            roles.ensure_schema_rights(session, owner=owner)
            roles.let_in_readers(session, dbname=dbname)
            if not entitled and roles.exists(session, base):
                roles.grant_application_rights(session, role=base, admin=owner, dbname=dbname)
        if not known:
            _mend(session, username, password)
    return True


def _mend(session: Session, username: str, password: str) -> None:
    try:
        set_password(session, username, password)
    except InsufficientPrivilege:
        raise OperationError(
            f"{username} has another password than its secret says, and {session.info.user} may not change it, because the cloud "
            "made this user; raise database.password_version and run `pulumi up`, which sets a new one"
        ) from None


def set_password(session: Session, username: str, password: str) -> None:
    """Give *username* this password; make it, and the user that it is a clone of, where they are missing.

    *session*: to the application's database as its owner.
    """
    base, owner, dbname = base_of(username), session.info.user, session.info.dbname
    with session.transaction():
        _lock(session)
        if not roles.exists(session, base):
            # A base that nobody logs in as yet gets a password that nobody knows.
            first = password if username == base else secrets.token_urlsafe(32)
            roles.ensure_application_role(session, role=base, password=first, admin=owner, dbname=dbname)
        if username == base:
            roles.change_password(session, role=base, password=password)
        else:
            roles.ensure_clone(session, role=username, password=password, of=base)


def with_login(conninfo: str, username: str, password: str) -> str:
    """*conninfo* with another login."""
    return make_conninfo(conninfo, user=username, password=password)


def _lock(session: Session) -> None:
    session.execute("select pg_advisory_xact_lock(%s)", [LOCK])
