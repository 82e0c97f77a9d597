"""migrations/001_initial_schema.sql against the schema of guides/enterprise-rds, and that it works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from operations.migrate.files import MigrationError
from operations.migrate.runner import migrate

ROOT = Path(__file__).resolve().parents[2]

COLUMNS = {
    "users": "user_id email username password_hash first_name last_name phone_number date_of_birth profile_image_url "
    "is_active is_verified created_at updated_at last_login_at",
    "user_profiles": "profile_id user_id bio location website_url social_links preferences created_at updated_at",
    "posts": "post_id user_id title content excerpt slug status featured_image_url tags metadata view_count like_count "
    "comment_count published_at created_at updated_at",
    "comments": "comment_id post_id user_id parent_comment_id content status like_count created_at updated_at",
    "user_post_stats": "user_id username email total_posts published_posts total_views total_likes last_published_at",
    "schema_migrations": "version name sha256 applied_at seconds applied_by",
}
INDEXES = (
    "idx_users_email idx_users_username idx_users_active idx_users_created_at idx_posts_user_id idx_posts_status "
    "idx_posts_published_at idx_posts_slug idx_posts_tags idx_posts_metadata idx_comments_post_id idx_comments_user_id "
    "idx_comments_parent_id idx_comments_created_at idx_posts_user_status_published idx_comments_post_status_created"
)


@pytest.fixture
def schema(database: Any) -> Any:
    migrate(database.owner, ROOT / "migrations")
    return database


def test_it_is_complete(schema: Any) -> None:
    found: dict[str, str] = {}
    query = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' ORDER BY ordinal_position"
    )
    for table, column in schema.rows(query):
        if not table.startswith("pg_stat_statements"):
            found[table] = f"{found[table]} {column}" if table in found else column
    assert found == COLUMNS

    indexes = {name for (name,) in schema.rows("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'")}
    assert set(INDEXES.split()) <= indexes

    triggers = {name for (name,) in schema.rows("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")}
    assert triggers == {f"update_{table}_updated_at" for table in ("users", "user_profiles", "posts", "comments")}

    kept = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confdeltype <> 'c'"
    assert schema.one(kept) == 0, "a foreign key that does not cascade"


def test_no_index_repeats_another(schema: Any) -> None:
    twins = """
        SELECT array_agg(indexrelid::regclass) FROM pg_index JOIN pg_class ON oid = indrelid
        WHERE relnamespace = 'public'::regnamespace GROUP BY indrelid, indkey, indoption, indclass HAVING count(*) > 1
    """
    assert schema.rows(twins) == []


def test_it_holds_no_rows(schema: Any) -> None:
    assert schema.one("SELECT count(*) FROM users") == 0


def test_updated_at_follows_and_the_rest_cascades(schema: Any) -> None:
    with psycopg.connect(schema.app, autocommit=True) as app:
        app.execute((ROOT / "migrations/sample/users.sql").read_bytes())
        app.execute(
            "INSERT INTO posts (user_id, title, content, status, view_count) SELECT user_id, 't', 'c', 'published', 7 FROM users"
        )
        app.execute("INSERT INTO comments (post_id, user_id, content) SELECT post_id, user_id, 'c' FROM posts")
        app.execute("INSERT INTO user_profiles (user_id) SELECT user_id FROM users")
        for table in ("users", "user_profiles", "posts", "comments"):
            app.execute(f"UPDATE {table} SET updated_at = '2000-01-01'".encode())
            stale = app.execute(f"SELECT count(*) FROM {table} WHERE updated_at <= created_at".encode()).fetchone()
            assert stale == (0,), table
        stats = app.execute("SELECT total_posts, published_posts, total_views FROM user_post_stats").fetchall()
        assert stats == [(1, 1, 7)] * 3
        app.execute("DELETE FROM users")
        for table in ("user_profiles", "posts", "comments"):
            assert app.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,)


def test_the_view_uses_the_rights_of_its_reader(schema: Any) -> None:
    schema.rows(f"REVOKE SELECT ON posts FROM {conninfo_to_dict(schema.app)['user']}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="posts"):
        schema.rows("SELECT * FROM user_post_stats", conninfo=schema.app)


def test_a_user_without_posts_counts_as_zero(schema: Any) -> None:
    schema.rows("INSERT INTO users (email, username, password_hash) VALUES ('a@b', 'a', '!')")
    assert schema.rows("SELECT total_posts, total_views, total_likes FROM user_post_stats") == [(0, 0, 0)]


def test_without_the_extension_the_owner_is_told(database: Any) -> None:
    database.rows("DROP EXTENSION pg_stat_statements", conninfo=database.superuser)
    with pytest.raises(MigrationError, match=r"001_initial_schema\.sql line 8: permission denied to create extension"):
        migrate(database.owner, ROOT / "migrations")
    assert database.one("SELECT to_regclass('users')") is None
