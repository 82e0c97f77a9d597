"""AWS: the checks of the rules in policies/rules/database.py."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import all_of, any_of, must_be, must_be_absent, must_be_in, must_have, must_have_parameter, must_not_be_in
from policies.resource import Stack, type_of
from policies.rule import Check, Config, NotApplicable
from policies.rules.aws.common import primary, when_starts
from policies.rules.aws.types import (
    CACHE_SUBNETS,
    CLUSTER,
    CLUSTER_INSTANCE,
    CLUSTER_PARAMETERS,
    DATABASE_SUBNETS,
    INSTANCE,
    INTERNET_GATEWAY,
    PARAMETERS,
    PROXY,
    ROUTE,
    ROUTE_ASSOCIATION,
    SUBNET,
)
from policies.rules.sides import linked
from policies.verdict import Undecided

DATABASES = (CLUSTER, INSTANCE)
SERVERS = (CLUSTER_INSTANCE, INSTANCE)
AUTHORITIES = ("rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1")
"""RDS's certificate authorities after the end of rds-ca-2019 (August 2024)."""
DEFAULT_ADMINS = ("postgres", "admin", "administrator", "root", "master")

database_encrypted = Check(DATABASES, must_be("storageEncrypted", True))
database_customer_key = Check(DATABASES, primary(must_have("kmsKeyId")))
database_not_public = Check(SERVERS, must_be("publiclyAccessible", False))
database_no_open_network = NotApplicable("Who may connect is in security groups: data-ports-closed")
database_tls_forced = (
    Check((CLUSTER_PARAMETERS,), must_have_parameter("parameters", "rds.force_ssl", ("1",))),
    # Aurora has the parameter in the cluster's group only
    Check((PARAMETERS,), when_starts("family", "postgres", must_have_parameter("parameters", "rds.force_ssl", ("1",)))),
)
database_proxy_tls = Check((PROXY,), must_be("requireTls", True))
database_modern_ca = Check(SERVERS, must_be_in("caCertIdentifier", AUTHORITIES))
database_iam_login = Check(DATABASES, must_be("iamDatabaseAuthenticationEnabled", True))
database_custom_admin = (
    # absent, it comes with a snapshot or a source: AWS has no default of its own
    Check((CLUSTER,), must_not_be_in("masterUsername", DEFAULT_ADMINS, default="")),
    Check((INSTANCE,), must_not_be_in("username", DEFAULT_ADMINS, default="")),
)
database_no_literal_password = (
    Check(
        (CLUSTER,),
        all_of(
            must_be_absent("masterPassword"), any_of(must_be("manageMasterUserPassword", True), must_have("masterPasswordWo"))
        ),
    ),
    Check(
        (INSTANCE,),
        all_of(must_be_absent("password"), primary(any_of(must_be("manageMasterUserPassword", True), must_have("passwordWo")))),
    ),
)


def database_subnets_private(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """No subnet of a database or cache has a route to an internet gateway."""
    for group in stack.of_type(DATABASE_SUBNETS, CACHE_SUBNETS):
        subnets = group.property_depends_on.get("subnetIds", ())
        if not any(type_of(urn) in (SUBNET, ROUTE_ASSOCIATION) for urn in subnets):
            yield Undecided(("subnetIds",), group.urn)  # subnets of another program: nothing here tells their routes
        elif any(_public(stack, urn) for urn in subnets):
            yield group.urn, "subnetIds must not name a subnet with a route to an internet gateway"


def _public(stack: Stack, urn: str) -> bool:
    """Whether the subnet *urn* has a route out; *urn* may be its association with a route table: an id may come from either."""
    given = stack.get(urn)
    known = [given] if given and given.type == ROUTE_ASSOCIATION else linked(stack, urn, ROUTE_ASSOCIATION, "subnetId")
    tables = [table for association in known for table in association.property_depends_on.get("routeTableId", ())]
    routes = [route for table in tables for route in linked(stack, table, ROUTE, "routeTableId")]
    targets = [target for route in routes for target in route.property_depends_on.get("gatewayId", ())]
    inline = [target for table in tables if (it := stack.get(table)) for target in it.property_depends_on.get("routes", ())]
    return any(type_of(target) == INTERNET_GATEWAY for target in (*targets, *inline))
