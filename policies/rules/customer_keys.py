"""Keys of the stack, on the cloud that encrypts everything without them."""

from __future__ import annotations

from collections.abc import Mapping

from policies.rule import ConfigKey

ASK_GOOGLE: Mapping[str, ConfigKey] = {
    "google": ConfigKey("boolean", False, "Ask for it on Google Cloud too, which encrypts everything with keys of its own.")
}
"""The program makes a key for the database only (database.customer_managed_key), and no benchmark asks for more."""
