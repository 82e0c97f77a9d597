"""Logs and alarms: kept long enough, and not readable by everybody."""

from __future__ import annotations

from policies.rule import AnyRule, ConfigKey, Rule
from policies.rules.aws import logs as aws
from policies.rules.customer_keys import ASK_GOOGLE
from policies.rules.gcp import logs as gcp
from policies.rules.references import references

DOCS = "components/aws/README.md#monitoring"

RULES: tuple[AnyRule, ...] = (
    Rule(
        id="log-retention",
        title="A log is kept for a stated time",
        severity="low",
        frameworks=references(checkov="AWS_66"),
        remediation="Raise log_retention_days of the database, service or job.",
        docs=DOCS,
        aws=aws.log_retention,
        gcp=gcp.log_retention,
        config={"days": ConfigKey("integer", 7, "Days to keep; without a number AWS keeps a log for ever.", minimum=1)},
        dev="mandatory",
    ),
    Rule(
        id="log-customer-key",
        title="A log is encrypted with a key of the stack",
        severity="low",
        frameworks=references(checkov="AWS_158"),
        remediation="Set kmsKeyId of the log group.",
        docs=DOCS,
        aws=aws.log_customer_key,
        gcp=gcp.log_customer_key,
        config=ASK_GOOGLE,
        dev="mandatory",
    ),
    Rule(
        id="topic-encrypted",
        title="An alarm on its way is encrypted with a key of the stack",
        severity="low",
        frameworks=references(hub="SNS.1"),
        remediation="Set kmsMasterKeyId of the topic.",
        docs=DOCS,
        aws=aws.topic_encrypted,
        gcp=gcp.topic_encrypted,
        dev="mandatory",
    ),
)
