-- User management: users, their profiles, posts and comments. PostgreSQL 15 or newer (security_invoker).
--
-- Run by the owner of the database (`<app>_admin`), who is not a superuser. There are no rows in here: a migration runs in
-- production too, and accounts with known names must not appear there. Sample rows are in migrations/sample/.

-- Query statistics. Managed services let the owner create it; elsewhere a superuser must have done so before, and the
-- line then does nothing. UUIDs come from gen_random_uuid(), which is in core: uuid-ossp is not needed.
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;

-- A UNIQUE constraint brings an index of its own. Where an index of a wanted name would only repeat that one (email,
-- username, slug) the constraint bears the index's name: the name is there, and each write pays for one index, not two.
CREATE TABLE users (
    user_id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email             varchar(255) NOT NULL CONSTRAINT idx_users_email UNIQUE,
    username          varchar(50)  NOT NULL CONSTRAINT idx_users_username UNIQUE,
    password_hash     varchar(255) NOT NULL,
    first_name        varchar(100),
    last_name         varchar(100),
    phone_number      varchar(20),
    date_of_birth     date,
    profile_image_url text,
    is_active         boolean      NOT NULL DEFAULT true,
    is_verified       boolean      NOT NULL DEFAULT false,
    created_at        timestamptz  NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at        timestamptz  NOT NULL DEFAULT CURRENT_TIMESTAMP,
    last_login_at     timestamptz
);

CREATE TABLE user_profiles (
    profile_id   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id      uuid        NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    bio          text,
    location     varchar(255),
    website_url  text,
    social_links jsonb,
    preferences  jsonb,
    created_at   timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at   timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE posts (
    post_id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id            uuid         NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    title              varchar(500) NOT NULL,
    content            text         NOT NULL,
    excerpt            varchar(1000),
    slug               varchar(255) CONSTRAINT idx_posts_slug UNIQUE,
    status             varchar(20)  NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published', 'archived')),
    featured_image_url text,
    tags               text[],
    metadata           jsonb,
    view_count         integer      NOT NULL DEFAULT 0,
    like_count         integer      NOT NULL DEFAULT 0,
    comment_count      integer      NOT NULL DEFAULT 0,
    published_at       timestamptz,
    created_at         timestamptz  NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at         timestamptz  NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE comments (
    comment_id        uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    post_id           uuid        NOT NULL REFERENCES posts (post_id) ON DELETE CASCADE,
    user_id           uuid        NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    parent_comment_id uuid        REFERENCES comments (comment_id) ON DELETE CASCADE,
    content           text        NOT NULL,
    status            varchar(20) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'hidden', 'deleted')),
    like_count        integer     NOT NULL DEFAULT 0,
    created_at        timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at        timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_users_active ON users (is_active);
CREATE INDEX idx_users_created_at ON users (created_at);

-- Not in the guide: without it each deleted user costs a scan of all profiles (ON DELETE CASCADE).
CREATE INDEX idx_user_profiles_user_id ON user_profiles (user_id);

-- idx_posts_user_id is a prefix of idx_posts_user_status_published, and idx_comments_post_id of
-- idx_comments_post_status_created: kept because they are asked for by name, and smaller to scan.
CREATE INDEX idx_posts_user_id ON posts (user_id);
CREATE INDEX idx_posts_status ON posts (status);
CREATE INDEX idx_posts_published_at ON posts (published_at DESC);
CREATE INDEX idx_posts_tags ON posts USING gin (tags);
CREATE INDEX idx_posts_metadata ON posts USING gin (metadata);
CREATE INDEX idx_posts_user_status_published ON posts (user_id, status, published_at DESC);

CREATE INDEX idx_comments_post_id ON comments (post_id);
CREATE INDEX idx_comments_user_id ON comments (user_id);
CREATE INDEX idx_comments_parent_id ON comments (parent_comment_id);
CREATE INDEX idx_comments_created_at ON comments (created_at);
CREATE INDEX idx_comments_post_status_created ON comments (post_id, status, created_at);

CREATE FUNCTION update_updated_at_column() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at = CURRENT_TIMESTAMP;
    RETURN NEW;
END;
$$;

CREATE TRIGGER update_users_updated_at
    BEFORE UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE TRIGGER update_user_profiles_updated_at
    BEFORE UPDATE ON user_profiles
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE TRIGGER update_posts_updated_at
    BEFORE UPDATE ON posts
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

CREATE TRIGGER update_comments_updated_at
    BEFORE UPDATE ON comments
    FOR EACH ROW EXECUTE FUNCTION update_updated_at_column();

-- security_invoker: the reader's own rights (and row policies) hold, not those of the view's owner. Sums of a user
-- without posts are 0, not NULL.
CREATE VIEW user_post_stats WITH (security_invoker = true) AS
SELECT
    u.user_id,
    u.username,
    u.email,
    count(p.post_id) AS total_posts,
    count(*) FILTER (WHERE p.status = 'published') AS published_posts,
    coalesce(sum(p.view_count), 0) AS total_views,
    coalesce(sum(p.like_count), 0) AS total_likes,
    max(p.published_at) AS last_published_at
FROM users AS u
LEFT JOIN posts AS p ON p.user_id = u.user_id
GROUP BY u.user_id, u.username, u.email;
