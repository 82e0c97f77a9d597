"""Rotation of the database passwords, as a function that AWS Secrets Manager calls."""
