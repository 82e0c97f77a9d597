"""Where the database credentials come from: one interface, one small class per place, picked by the form of DB_SECRET_ID."""

from runtime.secrets.cache import CachedSource
from runtime.secrets.source import Credentials, EnvironmentSecret, SecretSource, TokenSource, login_of, source_of

__all__ = ["CachedSource", "Credentials", "EnvironmentSecret", "SecretSource", "TokenSource", "login_of", "source_of"]
