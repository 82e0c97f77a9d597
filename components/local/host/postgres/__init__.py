"""PostgreSQL nodes as real servers: made, started, followed, promoted, upgraded."""
