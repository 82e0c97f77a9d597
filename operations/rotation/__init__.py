"""Rotation of the database passwords: by a function that AWS Secrets Manager calls, by a job on Google Cloud, by command."""
