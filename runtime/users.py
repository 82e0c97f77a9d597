"""``UserDAO``: the users table. Writing, and reading one user, go to the writer; lists and sums to the reader.

So a program that has just written a user sees it when it asks for it, while what may lag by a moment costs the primary
nothing. A deleted user stays in the table (``is_active`` false) and is found by none of these; the e-mail address and the
user name stay taken.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql
from psycopg.errors import UniqueViolation
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from runtime.database import DatabaseManager
from runtime.errors import DuplicateUser

UPDATABLE = frozenset({"first_name", "last_name", "phone_number", "profile_image_url", "is_verified"})
"""What ``update_user`` may change. Address, name and password each need a flow of their own (confirmation, old password)."""

FIELDS = sql.SQL(
    "u.user_id, u.email, u.username, u.first_name, u.last_name, u.phone_number, u.profile_image_url, u.is_verified,"
    " u.created_at, u.updated_at, u.last_login_at"
)


class NewUser(BaseModel):
    """What ``create_user`` needs. ``password_hash``: from ``runtime.passwords``, never the password."""

    model_config = ConfigDict(frozen=True)

    email: str
    username: str
    password_hash: SecretStr
    first_name: str | None = None
    last_name: str | None = None
    phone_number: str | None = None


class User(BaseModel):
    """A user, without the password's hash."""

    model_config = ConfigDict(frozen=True)

    user_id: UUID
    email: str
    username: str
    first_name: str | None
    last_name: str | None
    phone_number: str | None
    profile_image_url: str | None
    is_verified: bool
    created_at: datetime
    updated_at: datetime
    last_login_at: datetime | None


class UserDetails(User):
    """A user with the profile; its fields are None (or empty) where there is no profile."""

    bio: str | None
    location: str | None
    website_url: str | None
    social_links: Any = None
    preferences: Any = None


class Login(User):
    """A user with the password's hash, for the check of a password; the hash is neither shown nor serialized."""

    password_hash: SecretStr = Field(exclude=True)


class ListedUser(BaseModel):
    """A user as in a list, with the number of posts."""

    model_config = ConfigDict(frozen=True)

    user_id: UUID
    email: str
    username: str
    first_name: str | None
    last_name: str | None
    is_verified: bool
    created_at: datetime
    last_login_at: datetime | None
    post_count: int


class UserStatistics(BaseModel):
    """Counts over the active users; active means a login within 30 days, new an account within 7."""

    model_config = ConfigDict(frozen=True)

    total_users: int
    verified_users: int
    active_users: int
    new_users_week: int


class UserDAO:
    """Reads and writes users through *db*. Raises what ``DatabaseManager`` raises, and ``DuplicateUser``."""

    def __init__(self, db: DatabaseManager) -> None:
        self._db = db

    def create_user(self, user: NewUser) -> User:
        """Stores *user*; committed on return. Raises ``DuplicateUser``."""
        values = user.model_dump() | {"password_hash": user.password_hash.get_secret_value()}
        query = sql.SQL("INSERT INTO users AS u ({}) VALUES ({}) RETURNING {}").format(
            sql.SQL(", ").join(map(sql.Identifier, values)), sql.SQL(", ").join(map(sql.Placeholder, values)), FIELDS
        )
        try:
            with self._db.writer() as connection:
                return User.model_validate(connection.execute(query, values).fetchone())
        except UniqueViolation as error:
            taken = "username" if "username" in (error.diag.constraint_name or "") else "email"
        raise DuplicateUser(taken)  # here, not above: the server's own error quotes the row

    def get_user_by_id(self, user_id: UUID) -> UserDetails | None:
        """The active user with the profile (the oldest, should there be two), or None."""
        query = sql.SQL(
            "SELECT {}, p.bio, p.location, p.website_url, p.social_links, p.preferences FROM users AS u"
            " LEFT JOIN user_profiles AS p ON p.user_id = u.user_id"
            " WHERE u.user_id = %s AND u.is_active ORDER BY p.created_at LIMIT 1"
        ).format(FIELDS)
        with self._db.writer() as connection:
            row = connection.execute(query, (user_id,)).fetchone()
        return UserDetails.model_validate(row) if row else None

    def get_user_by_email(self, email: str) -> Login | None:
        """The active user with exactly this address, with the password's hash, or None."""
        query = sql.SQL("SELECT {}, u.password_hash FROM users AS u WHERE u.email = %s AND u.is_active").format(FIELDS)
        with self._db.writer() as connection:
            row = connection.execute(query, (email,)).fetchone()
        return Login.model_validate(row) if row else None

    def update_user(self, user_id: UUID, changes: dict[str, Any]) -> User | None:
        """Changes the fields of ``UPDATABLE`` and ignores all others, as the guide does; committed on return.

        None where no active user has this id. Raises ``ValueError`` where nothing is left to change.
        """
        values = {name: value for name, value in changes.items() if name in UPDATABLE}
        if not values:
            raise ValueError(f"nothing to change; what can be changed: {', '.join(sorted(UPDATABLE))}")
        query = sql.SQL("UPDATE users AS u SET {} WHERE u.user_id = %(user_id)s AND u.is_active RETURNING {}").format(
            sql.SQL(", ").join(sql.SQL("{} = {}").format(sql.Identifier(n), sql.Placeholder(n)) for n in values), FIELDS
        )
        with self._db.writer() as connection:
            row = connection.execute(query, values | {"user_id": user_id}).fetchone()
        return User.model_validate(row) if row else None

    def list_users(
        self,
        *,
        limit: int = 50,
        offset: int = 0,
        verified_only: bool = False,
        search_term: str | None = None,
        wrote_at: float | None = None,
    ) -> list[ListedUser]:
        """Active users, newest first. search_term: anywhere in the user name, first or last name, in any case.

        Through the reader: a user created a moment ago may be missing, unless *wrote_at* says that the caller created it then
        (``DatabaseManager.reader``). Posts are counted for the returned page alone;
        grouping all users with all their posts before the LIMIT, as the guide does, grows with the table.
        """
        query = sql.SQL(
            "SELECT u.user_id, u.email, u.username, u.first_name, u.last_name, u.is_verified, u.created_at,"
            " u.last_login_at, (SELECT count(*) FROM posts AS p WHERE p.user_id = u.user_id) AS post_count"
            " FROM users AS u WHERE u.is_active{} ORDER BY u.created_at DESC, u.user_id LIMIT %(limit)s OFFSET %(offset)s"
        )
        conditions: sql.Composable = sql.SQL(" AND u.is_verified" if verified_only else "")
        if search_term:
            conditions += sql.SQL(" AND (u.username ILIKE %(like)s OR u.first_name ILIKE %(like)s OR u.last_name ILIKE %(like)s)")
        values = {"limit": limit, "offset": offset, "like": f"%{_escape(search_term or '')}%"}
        with self._db.reader(wrote_at=wrote_at) as connection:
            rows = connection.execute(query.format(conditions), values).fetchall()
        return [ListedUser.model_validate(row) for row in rows]

    def delete_user(self, user_id: UUID) -> bool:
        """Sets ``is_active`` to false and keeps the row; committed on return. False where no active user has this id."""
        return self._changed("UPDATE users SET is_active = false WHERE user_id = %s AND is_active", user_id)

    def update_last_login(self, user_id: UUID) -> bool:
        """Notes a login now. False where no active user has this id."""
        return self._changed("UPDATE users SET last_login_at = CURRENT_TIMESTAMP WHERE user_id = %s AND is_active", user_id)

    def get_user_statistics(self) -> UserStatistics:
        """Counts over all active users, through the reader."""
        with self._db.reader() as connection:
            row = connection.execute(
                "SELECT count(*) AS total_users,"
                " count(*) FILTER (WHERE is_verified) AS verified_users,"
                " count(*) FILTER (WHERE last_login_at > CURRENT_TIMESTAMP - INTERVAL '30 days') AS active_users,"
                " count(*) FILTER (WHERE created_at > CURRENT_TIMESTAMP - INTERVAL '7 days') AS new_users_week"
                " FROM users WHERE is_active"
            ).fetchone()
        return UserStatistics.model_validate(row)

    def _changed(self, query: LiteralString, user_id: UUID) -> bool:
        with self._db.writer() as connection:
            return connection.execute(query, (user_id,)).rowcount > 0


def _escape(text: str) -> str:
    """*text* with LIKE's wildcards taken literally."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
