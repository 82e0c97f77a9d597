"""The bucket of access logs."""

from __future__ import annotations

import pytest

from tests.components.aws.network import network_alone, statements

BUCKET = "arn:aws:s3:ap-northeast-1:123456789012:network-logs"


def test_it_is_private_and_encrypted() -> None:
    recording = network_alone()
    (access,) = recording.of_type("BucketPublicAccessBlock").values()
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(access.inputs[flag] is True for flag in flags)
    (encryption,) = recording.of_type("BucketServerSideEncryptionConfiguration").values()
    # the load balancer cannot write to a bucket with a customer's key
    assert encryption.inputs["rules"][0]["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    (ownership,) = recording.of_type("BucketOwnershipControls").values()
    assert ownership.inputs["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_only_the_two_deliveries_write_and_only_over_tls() -> None:
    deny, balancer, storage = statements(network_alone(), "network-logs-policy")
    assert (deny["Effect"], deny["Principal"], deny["Action"]) == ("Deny", "*", ["s3:*"])
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert deny["Resource"] == [BUCKET, f"{BUCKET}/*"]
    assert balancer["Principal"] == {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}
    assert balancer["Resource"] == [f"{BUCKET}/alb/AWSLogs/123456789012/*"]
    assert storage["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert storage["Resource"] == [f"{BUCKET}/s3/*"]
    assert storage["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_logs_end() -> None:
    recording = network_alone()
    (lifecycle,) = recording.of_type("BucketLifecycleConfiguration").values()
    rules = {rule["id"]: rule for rule in lifecycle.inputs["rules"]}
    assert all(rule["status"] == "Enabled" for rule in rules.values())
    assert rules["expire"]["expiration"] == {"days": 90}
    assert rules["overwritten"]["noncurrentVersionExpiration"] == {"noncurrentDays": 7}
    assert rules["abandoned-uploads"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


@pytest.mark.parametrize(("tier", "goes"), [("dev", True), ("staging", True), ("prod", False)])
def test_it_goes_with_its_logs_outside_prod(tier: str, goes: bool) -> None:
    (bucket,) = network_alone(tier=tier).of_type("s3/bucket:Bucket").values()
    assert bucket.inputs["forceDestroy"] is goes
    assert len(bucket.inputs["bucketPrefix"]) <= 37, "AWS's limit for a prefix"
