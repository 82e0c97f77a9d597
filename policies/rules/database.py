"""Databases: who can reach and read them."""

from __future__ import annotations

from policies.rule import AnyRule, Rule, StackRule
from policies.rules.aws import database as aws
from policies.rules.aws.types import CACHE_SUBNETS, DATABASE_SUBNETS
from policies.rules.customer_keys import ASK_GOOGLE
from policies.rules.gcp import database as gcp
from policies.rules.gcp import types as google
from policies.rules.references import references
from policies.rules.sides import on_clouds

DOCS = "components/aws/README.md#database"
LOGINS = "components/aws/README.md#logins-secrets-and-their-rotation"

RULES: tuple[AnyRule, ...] = (
    Rule(
        id="database-encrypted",
        title="A database's storage is encrypted",
        severity="critical",
        frameworks=references(hub="RDS.3 RDS.27", cis_aws="3.2.1", checkov="AWS_16 AWS_96"),
        remediation="Set storageEncrypted; an existing database needs an encrypted copy of a snapshot.",
        docs=DOCS,
        aws=aws.database_encrypted,
        gcp=gcp.database_encrypted,
        dev="mandatory",
    ),
    Rule(
        id="database-customer-key",
        title="A database is encrypted with a key of the stack",
        severity="medium",
        frameworks=references(checkov="AWS_327"),
        remediation="Give it the component's key (Google Cloud: database.customer_managed_key); a change recreates it.",
        docs=DOCS,
        aws=aws.database_customer_key,
        gcp=gcp.database_customer_key,
        config=ASK_GOOGLE,
        dev="mandatory",
    ),
    Rule(
        id="database-not-public",
        title="A database has no public address",
        severity="critical",
        frameworks=references(hub="RDS.2", cis_aws="3.2.3", cis_gcp="6.7", checkov="AWS_17 GCP_60"),
        remediation="Switch the public address off; people reach the database through a bastion or an identity-aware tunnel.",
        docs=DOCS,
        aws=aws.database_not_public,
        gcp=gcp.database_not_public,
        dev="mandatory",
    ),
    StackRule(
        id="database-subnets-private",
        title="A database's subnets have no way to the internet",
        severity="high",
        frameworks=references(hub="RDS.46"),
        remediation="Give the subnet group the network's database subnets.",
        docs="components/aws/README.md#network-registry-and-cluster",
        judge=on_clouds(aws=aws.database_subnets_private, gcp=gcp.database_subnets_private),
        types=(DATABASE_SUBNETS, CACHE_SUBNETS, google.INSTANCE),
        dev="mandatory",
    ),
    Rule(
        id="database-no-open-network",
        title="No network of the internet is authorised to connect to a database",
        severity="critical",
        frameworks=references(cis_gcp="6.5", checkov="GCP_11"),
        remediation="Remove the authorised network; applications connect from inside the VPC.",
        docs="components/gcp/README.md#database",
        aws=aws.database_no_open_network,
        gcp=gcp.database_no_open_network,
        dev="mandatory",
    ),
    Rule(
        id="database-tls-forced",
        title="A database refuses connections without TLS",
        severity="high",
        frameworks=references(hub="RDS.38", cis_gcp="6.4", checkov="AWS2_69 GCP_6"),
        remediation="Leave rds.force_ssl out of database.parameters, or set it to 1 (Google Cloud: an sslMode that encrypts).",
        docs=DOCS,
        aws=aws.database_tls_forced,
        gcp=gcp.database_tls_forced,
        dev="mandatory",
    ),
    Rule(
        id="database-proxy-tls",
        title="A database's pooler refuses connections without TLS",
        severity="high",
        frameworks=references(hub="RDS.43"),
        remediation="Set requireTls on the proxy.",
        docs=DOCS,
        aws=aws.database_proxy_tls,
        gcp=gcp.database_proxy_tls,
        dev="mandatory",
    ),
    Rule(
        id="database-modern-ca",
        title="A database's certificate is of a current authority",
        severity="medium",
        frameworks=references(checkov="AWS_211"),
        remediation="Set database.ca_certificate to a current authority such as rds-ca-rsa2048-g1.",
        docs=DOCS,
        aws=aws.database_modern_ca,
        gcp=gcp.database_modern_ca,
        dev="mandatory",
    ),
    Rule(
        id="database-iam-login",
        title="People can log in to a database with their cloud identity",
        severity="medium",
        frameworks=references(hub="RDS.10 RDS.12", cis_gcp="6.6", checkov="AWS_161 AWS_162"),
        remediation="Set database.iam_login to true, its default.",
        docs=LOGINS,
        aws=aws.database_iam_login,
        gcp=gcp.database_iam_login,
        dev="mandatory",
    ),
    Rule(
        id="database-custom-admin",
        title="A database's admin has no default name",
        severity="low",
        frameworks=references(hub="RDS.24 RDS.25"),
        remediation="Name the admin after the app, as operations/roles.py does; a change recreates the database.",
        docs=LOGINS,
        aws=aws.database_custom_admin,
        gcp=gcp.database_custom_admin,
        dev="mandatory",
    ),
    Rule(
        id="database-no-literal-password",
        title="No database password is an argument that state keeps",
        severity="critical",
        remediation="Let the cloud make it (manageMasterUserPassword), or give it write-only (masterPasswordWo, passwordWo).",
        docs=LOGINS,
        aws=aws.database_no_literal_password,
        gcp=gcp.database_no_literal_password,
        dev="mandatory",
    ),
)
