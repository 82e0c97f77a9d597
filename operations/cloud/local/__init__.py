"""What this machine can do to a local stack's database and services."""
