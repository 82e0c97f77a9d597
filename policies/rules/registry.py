"""Image registries."""

from __future__ import annotations

from policies.rule import AnyRule, Rule, StackRule
from policies.rules.aws import registry as aws
from policies.rules.aws.types import REPOSITORY, REPOSITORY_LIFECYCLE
from policies.rules.customer_keys import ASK_GOOGLE
from policies.rules.gcp import registry as gcp
from policies.rules.gcp import types as google
from policies.rules.references import references
from policies.rules.sides import on_clouds

DOCS = "components/aws/README.md#network-registry-and-cluster"

RULES: tuple[AnyRule, ...] = (
    Rule(
        id="registry-immutable",
        title="An image's tag never means another image later",
        severity="medium",
        frameworks=references(hub="ECR.2", checkov="AWS_51"),
        remediation="Set imageTagMutability to IMMUTABLE (on Google Cloud dockerConfig.immutableTags).",
        docs=DOCS,
        aws=aws.registry_immutable,
        gcp=gcp.registry_immutable,
        dev="mandatory",
    ),
    Rule(
        id="registry-scanned",
        title="Images are searched for known holes",
        severity="high",
        frameworks=references(hub="ECR.1", checkov="AWS_163"),
        remediation="Set scanOnPush.",
        docs=DOCS,
        aws=aws.registry_scanned,
        gcp=gcp.registry_scanned,
        dev="mandatory",
    ),
    Rule(
        id="registry-customer-key",
        title="A registry is encrypted with a key of the stack",
        severity="low",
        frameworks=references(hub="ECR.5", checkov="AWS_136 GCP_84"),
        remediation="Set encryptionType to KMS with a kmsKey (on Google Cloud kmsKeyName); a change recreates the registry.",
        docs=DOCS,
        aws=aws.registry_customer_key,
        gcp=gcp.registry_customer_key,
        config=ASK_GOOGLE,
        dev="mandatory",
    ),
    Rule(
        id="registry-not-public",
        title="Nobody but the stack and its deployers reads its images",
        severity="high",
        frameworks=references(checkov="AWS_32 GCP_101"),
        remediation="Name the accounts, roles or services in the registry's policy.",
        docs=DOCS,
        aws=aws.registry_not_public,
        gcp=gcp.registry_not_public,
        dev="mandatory",
    ),
    StackRule(
        id="registry-lifecycle",
        title="Old images are deleted",
        severity="low",
        frameworks=references(hub="ECR.3"),
        remediation="Give the repository a lifecycle policy.",
        docs=DOCS,
        judge=on_clouds(aws=aws.registry_lifecycle, gcp=gcp.registry_lifecycle),
        types=(REPOSITORY, REPOSITORY_LIFECYCLE, google.REPOSITORY),
        dev="mandatory",
    ),
)
