"""Secrets and keys."""

from __future__ import annotations

from policies.rule import AnyRule, ConfigKey, Rule, StackRule
from policies.rules.aws import secrets as aws
from policies.rules.aws.types import ROTATION, SECRET
from policies.rules.customer_keys import ASK_GOOGLE
from policies.rules.gcp import secrets as gcp
from policies.rules.references import references
from policies.rules.sides import on_clouds

DOCS = "components/aws/README.md#logins-secrets-and-their-rotation"

RULES: tuple[AnyRule, ...] = (
    Rule(
        id="secret-customer-key",
        title="A secret is encrypted with a key of the stack",
        severity="medium",
        frameworks=references(checkov="AWS_149"),
        remediation="Set kmsKeyId (on Google Cloud a key in replication).",
        docs=DOCS,
        aws=aws.secret_customer_key,
        gcp=gcp.secret_customer_key,
        config=ASK_GOOGLE,
        dev="mandatory",
    ),
    StackRule(
        id="secret-rotated",
        title="A secret is changed regularly",
        severity="medium",
        frameworks=references(hub="SecretsManager.1", checkov="AWS2_57"),
        remediation="Give it a rotation, or a waiver that says how it is changed instead.",
        docs=DOCS,
        judge=on_clouds(aws=aws.secret_rotated, gcp=gcp.secret_rotated),
        types=(SECRET, ROTATION),
        dev="advisory",
    ),
    Rule(
        id="secret-rotation-interval",
        title="A secret is changed often enough",
        severity="medium",
        frameworks=references(hub="SecretsManager.4", checkov="AWS_304"),
        remediation="Lower database.password_rotation_days.",
        docs=DOCS,
        aws=aws.secret_rotation_interval,
        gcp=gcp.secret_rotation_interval,
        config={"days": ConfigKey("integer", 90, "Most days between two changes.", minimum=1, maximum=365)},
        dev="mandatory",
    ),
    Rule(
        id="key-rotated",
        title="A key's material is changed every year",
        severity="medium",
        frameworks=references(hub="KMS.4", cis_aws="4.6", cis_gcp="1.11", checkov="AWS_7 GCP_43"),
        remediation="Set enableKeyRotation (on Google Cloud rotationPeriod).",
        docs=DOCS,
        aws=aws.key_rotated,
        gcp=gcp.key_rotated,
        config={"days": ConfigKey("integer", 365, "Most days between two changes, where the cloud lets one choose.", minimum=1)},
        dev="mandatory",
    ),
)
