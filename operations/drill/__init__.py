"""Restore drills: a backup that nobody has restored is a hope."""
