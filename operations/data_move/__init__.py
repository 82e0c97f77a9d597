"""Rows into tables that have none yet: of another database, of SQLite, of Django's dumpdata, of a CSV file."""

APPLICATION = "managed-postgres data"
