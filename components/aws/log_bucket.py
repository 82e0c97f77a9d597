"""The bucket of access logs: of the load balancer under ``alb/``, of the other buckets under ``s3/``."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.aws.iam import statement
from components.aws.private_bucket import PrivateBucket, lifecycle_rule
from components.component import Component
from components.names import Scope

KEPT_DAYS, OVERWRITTEN_DAYS = 90, 7
"""Days that a log is kept, and that an overwritten one is kept."""


def log_bucket(network: Component, scope: Scope, account_id: pulumi.Output[str]) -> tuple[aws.s3.Bucket, aws.s3.BucketPolicy]:
    """A private bucket that AWS's two log deliveries may write to, each for this account only; and the policy that lets them.

    Encrypted by S3's own key, because the load balancer's delivery knows no other. It keeps no access log of itself: that would
    grow by being written. Outside prod it goes together with its logs.
    """
    made = PrivateBucket(network, "logs", scope, name="logs", protect=False, emptied=not scope.production)
    made.encrypt(None)
    made.keep([lifecycle_rule("expire", expiration={"days": KEPT_DAYS})], overwritten_days=OVERWRITTEN_DAYS)
    policy = made.allow(
        [
            # ELB writes an account's logs below that account's id, so the path is the condition.
            statement(
                ["s3:PutObject"],
                [pulumi.Output.format("{0}/alb/AWSLogs/{1}/*", made.bucket.arn, account_id)],
                principals={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            ),
            statement(
                ["s3:PutObject"],
                [pulumi.Output.format("{0}/s3/*", made.bucket.arn)],
                principals={"Service": "logging.s3.amazonaws.com"},
                condition={"StringEquals": {"aws:SourceAccount": account_id}},
            ),
        ]
    )
    return made.bucket, policy
