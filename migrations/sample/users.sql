-- Sample users for a developer's database; the migration runner does not look into this folder. By hand:
--     psql ... -f migrations/sample/users.sql
-- '!' is the hash of no password: nobody can log in as these, should the file ever reach a real database.
INSERT INTO users (email, username, password_hash, first_name, last_name, is_verified) VALUES
    ('admin@example.com', 'admin', '!', '管理', 'ユーザー', true),
    ('user1@example.com', 'user1', '!', '田中', '太郎', true),
    ('user2@example.com', 'user2', '!', '佐藤', '花子', true)
ON CONFLICT DO NOTHING;
