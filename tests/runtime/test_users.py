"""UserDAO on the real schema, as the application user."""

from __future__ import annotations

import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from runtime.database import DatabaseManager
from runtime.errors import DuplicateUser
from runtime.users import ListedUser, NewUser, UserDAO
from tests.runtime.cluster import LocalCluster

HASH = "scrypt$never-shown"


@pytest.fixture
def users(db: DatabaseManager, cluster: LocalCluster) -> Iterator[UserDAO]:
    yield UserDAO(db)
    cluster.execute("DELETE FROM users")


def new(name: str, **fields: str) -> NewUser:
    return NewUser(email=f"{name}@example.com", username=name, password_hash=SecretStr(HASH), **fields)


def replicated(cluster: LocalCluster) -> None:
    """Waits until the standby has all that is committed on the primary."""
    wanted = cluster.execute("SELECT pg_current_wal_lsn()::text")[0][0]
    for _ in range(200):
        if cluster.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", wanted, node=1) == [(True,)]:
            return
        time.sleep(0.02)
    raise AssertionError("the standby does not follow")


def names(found: list[ListedUser]) -> list[str]:
    return [user.username for user in found]


def test_create_and_get(users: UserDAO, cluster: LocalCluster) -> None:
    made = users.create_user(new("ann", first_name="Ann", last_name="Lee", phone_number="+41 1"))
    assert made.email == "ann@example.com"
    assert (made.is_verified, made.last_login_at) == (False, None)
    found = users.get_user_by_id(made.user_id)
    assert found is not None
    assert found.model_dump(include=set(type(made).model_fields)) == made.model_dump()
    assert (found.bio, found.preferences) == (None, None)
    cluster.execute(
        "INSERT INTO user_profiles (user_id, bio, location, preferences) VALUES (%s, 'hi', 'Bern', '{\"a\": [1]}')", made.user_id
    )
    found = users.get_user_by_id(made.user_id)
    assert found is not None
    assert (found.bio, found.location, found.preferences) == ("hi", "Bern", {"a": [1]})
    assert users.get_user_by_id(uuid4()) is None


def test_the_hash_comes_by_email_and_does_not_show(users: UserDAO) -> None:
    made = users.create_user(new("ann"))
    login = users.get_user_by_email("ann@example.com")
    assert login is not None
    assert login.user_id == made.user_id
    assert login.password_hash.get_secret_value() == HASH
    assert HASH not in f"{login!r} {login.model_dump()} {login.model_dump_json()} {new('x')!r}"
    assert users.get_user_by_email("ANN@example.com") is None
    assert users.get_user_by_email("ann@example.com' OR true --") is None


@pytest.mark.parametrize(
    ("email", "username", "field"), [("ann@example.com", "b", "email"), ("b@example.com", "ann", "username")]
)
def test_a_duplicate_says_which(users: UserDAO, email: str, username: str, field: str) -> None:
    users.create_user(new("ann"))
    with pytest.raises(DuplicateUser, match=f"a user with this {field} exists already") as caught:
        users.create_user(NewUser(email=email, username=username, password_hash=SecretStr(HASH)))
    assert caught.value.field == field
    assert caught.value.__context__ is None  # the server's error quotes the row


def test_update_takes_the_allowed_fields_alone(users: UserDAO, cluster: LocalCluster) -> None:
    made = users.create_user(new("ann"))
    changed = users.update_user(
        made.user_id, {"first_name": "Ann", "is_verified": True, "password_hash": "x", "email": "x@x.x", "is_active": False}
    )
    assert changed is not None
    assert (changed.first_name, changed.is_verified, changed.email) == ("Ann", True, "ann@example.com")
    assert changed.updated_at > made.updated_at
    assert cluster.execute("SELECT password_hash, is_active FROM users") == [(HASH, True)]
    assert users.update_user(uuid4(), {"first_name": "x"}) is None
    with pytest.raises(ValueError, match="nothing to change; what can be changed: first_name, is_verified, last_name"):
        users.update_user(made.user_id, {"email": "x@x.x", "password_hash = '' --": "x"})


def test_list_pages_newest_first_with_post_counts(users: UserDAO, cluster: LocalCluster) -> None:
    made = [users.create_user(new(f"u{number}")) for number in range(5)]
    cluster.execute("INSERT INTO posts (user_id, title, content) SELECT %s, 't', 'c' FROM generate_series(1, 3)", made[3].user_id)
    replicated(cluster)
    assert names(users.list_users()) == ["u4", "u3", "u2", "u1", "u0"]
    assert [user.post_count for user in users.list_users(limit=2)] == [0, 3]
    assert names(users.list_users(limit=2, offset=3)) == ["u1", "u0"]
    assert users.list_users(offset=9) == []


def test_list_filters(users: UserDAO, cluster: LocalCluster) -> None:
    users.create_user(new("100%", first_name="Ann"))
    users.create_user(new("under_score", last_name="O'Neil"))
    users.create_user(new("back\\slash"))
    verified = users.create_user(new("1000", first_name="Joann"))
    users.update_user(verified.user_id, {"is_verified": True})
    replicated(cluster)
    assert names(users.list_users(verified_only=True)) == ["1000"]
    for term, expected in {
        "ANN": ["1000", "100%"],
        "%": ["100%"],
        "_": ["under_score"],
        "\\": ["back\\slash"],
        "o'n": ["under_score"],
        "'; DROP TABLE users --": [],
        "": ["1000", "back\\slash", "under_score", "100%"],
    }.items():
        assert names(users.list_users(search_term=term)) == expected, term
    assert names(users.list_users(search_term="ann", verified_only=True)) == ["1000"]


def test_delete_keeps_the_row_and_hides_the_user(users: UserDAO, cluster: LocalCluster) -> None:
    made = users.create_user(new("ann"))
    assert users.delete_user(made.user_id) is True
    assert users.delete_user(made.user_id) is False
    assert cluster.execute("SELECT username, is_active FROM users") == [("ann", False)]
    replicated(cluster)
    assert users.get_user_by_id(made.user_id) is None
    assert users.get_user_by_email(made.email) is None
    assert users.list_users() == []
    assert users.update_user(made.user_id, {"first_name": "x"}) is None
    assert users.update_last_login(made.user_id) is False
    with pytest.raises(DuplicateUser):
        users.create_user(new("ann"))


def test_last_login_and_statistics(users: UserDAO, cluster: LocalCluster) -> None:
    first, second, third = (users.create_user(new(name)).user_id for name in ("a", "b", "c"))
    assert users.update_last_login(first) is True
    assert users.update_last_login(UUID(int=0)) is False
    users.update_user(second, {"is_verified": True})
    cluster.execute("UPDATE users SET created_at = now() - interval '8 days' WHERE user_id = %s", second)
    users.delete_user(third)
    replicated(cluster)
    counts = users.get_user_statistics().model_dump()
    assert counts == {"total_users": 2, "verified_users": 1, "active_users": 1, "new_users_week": 1}
    login = users.get_user_by_id(first)
    assert login is not None
    assert login.last_login_at is not None
    assert str(login.last_login_at.utcoffset()) == "0:00:00"
