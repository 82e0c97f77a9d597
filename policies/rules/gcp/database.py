"""Google Cloud: the checks of the rules in policies/rules/database.py."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import (
    all_of,
    any_of,
    must_be,
    must_be_absent,
    must_be_in,
    must_have,
    must_have_parameter,
    must_not_be_in,
    only_when,
)
from policies.resource import ABSENT, UNKNOWN, Resource
from policies.rule import Check, Config, NotApplicable
from policies.rules.gcp.common import own_key, primary
from policies.rules.gcp.types import INSTANCE, USER
from policies.rules.ports import is_world
from policies.verdict import Undecided

ADDRESSES = "settings.ipConfiguration"
FLAGS = "settings.databaseFlags"
ENCRYPTED = ("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED")
"""checkov's CKV_GCP_6 takes the second only; both refuse connections without TLS."""
AUTHORITIES = ("GOOGLE_MANAGED_INTERNAL_CA", "GOOGLE_MANAGED_CAS_CA", "CUSTOMER_MANAGED_CAS_CA")
"""Of the instance itself, of the region, of ours. Named, so that a change of Google's default changes nothing."""
DEFAULT_ADMINS = ("postgres", "admin", "administrator", "root")
PASSWORD_USER = "BUILT_IN"
"""The provider's default kind of user. Others log in by IAM and have no password."""


def _networks(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """No authorised network is the internet, or a good part of it."""
    for at, network in resource.each(f"{ADDRESSES}.authorizedNetworks[*].value"):
        if network is UNKNOWN:
            yield Undecided((at,))
        elif network is not ABSENT and is_world(network):
            yield f"{at} must not be the internet"


database_encrypted = NotApplicable("Cloud SQL encrypts every disk and backup, and has no switch for it")
database_customer_key = Check((INSTANCE,), own_key(primary(must_have("encryptionKeyName"))))
# The provider's default is a public address; that CKV_GCP_60 passes an instance without ipConfiguration is its mistake.
database_not_public = Check((INSTANCE,), must_be(f"{ADDRESSES}.ipv4Enabled", False, default=True))
database_subnets_private = Check(
    (INSTANCE,),
    any_of(
        must_have(f"{ADDRESSES}.privateNetwork"),
        all_of(must_have(f"{ADDRESSES}.pscConfigs"), must_be(f"{ADDRESSES}.pscConfigs[*].pscEnabled", True)),
    ),
)
"""Cloud SQL and Memorystore are in Google's own network: what can be right or wrong is the private way there."""
database_no_open_network = Check((INSTANCE,), _networks)
database_tls_forced = Check((INSTANCE,), must_be_in(f"{ADDRESSES}.sslMode", ENCRYPTED))
database_proxy_tls = NotApplicable("Managed pooling is a part of the instance, whose sslMode is its too: database-tls-forced")
database_modern_ca = Check((INSTANCE,), must_be_in(f"{ADDRESSES}.serverCaMode", AUTHORITIES))
database_iam_login = Check((INSTANCE,), must_have_parameter(FLAGS, "cloudsql.iam_authentication", ("on",)))
database_custom_admin = Check(
    (USER,), only_when("type", (PASSWORD_USER,), must_not_be_in("name", DEFAULT_ADMINS), default=PASSWORD_USER)
)
database_no_literal_password = (
    Check(
        (USER,),
        all_of(
            must_be_absent("password"),
            # A real state keeps the version of a write-only password, not the password
            only_when(
                "type",
                (PASSWORD_USER,),
                any_of(must_have("passwordWo"), must_have("passwordWoVersion")),
                default=PASSWORD_USER,
            ),
        ),
    ),
    Check((INSTANCE,), must_be_absent("rootPassword")),
)
