"""A SQL prompt on a stack's database: psql with the right TLS and a login of its own, through the provider's way in."""
