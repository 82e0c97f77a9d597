"""How a database is: its servers, sessions, sizes, last backup and last drill, asked and never changed."""
