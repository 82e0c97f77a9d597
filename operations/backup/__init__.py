"""Logical backups."""

PUBLISHED = "verified and published"
"""Words of the line that ends a good backup; an alarm misses them (components/aws/backup.py)."""
