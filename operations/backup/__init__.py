"""Logical backups."""
