"""AWS: the checks of the rules in policies/rules/logs.py."""

from __future__ import annotations

from policies.checks import at_least, must_have
from policies.rule import Check
from policies.rules.aws.types import LOG_GROUP, TOPIC

log_retention = Check((LOG_GROUP,), at_least("retentionInDays", "days"))
log_customer_key = Check((LOG_GROUP,), must_have("kmsKeyId"))
topic_encrypted = Check((TOPIC,), must_have("kmsMasterKeyId"))
