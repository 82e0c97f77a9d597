"""Google Cloud: the checks of the rules in policies/rules/logs.py."""

from __future__ import annotations

from policies.checks import at_least, must_have
from policies.rule import Check, NotApplicable
from policies.rules.gcp.common import own_key
from policies.rules.gcp.types import LOG_BUCKET

log_retention = Check((LOG_BUCKET,), at_least("retentionDays", "days", default=30))
log_customer_key = Check((LOG_BUCKET,), own_key(must_have("cmekSettings.kmsKeyName")))
topic_encrypted = NotApplicable("Cloud Monitoring mails its alarms itself: there is no topic")
