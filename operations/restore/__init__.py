"""Restores: of a dump into a new database that then takes the old one's name, of a snapshot or a moment into a new instance."""

APPLICATION = "managed-postgres restore"
