"""What runs in the containers: the database manager, its secrets, the reference application."""

VERSION = "0.1.0"
