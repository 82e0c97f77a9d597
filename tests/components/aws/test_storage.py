"""Buckets: closed, encrypted, versioned, protected, and what CloudFront may do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.components.aws.edge import edge
from tests.recorder import Recording

CDN = {"media": {"cdn": True}}


def inputs(recording: Recording, ending: str, name: str) -> dict[str, Any]:
    return recording.of_type(ending)[name].inputs


def statements(recording: Recording, name: str) -> list[dict[str, Any]]:
    (policy,) = [resource.inputs["policy"] for resource in recording.resources.values() if resource.name == name]
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def test_nothing_makes_it_public() -> None:
    recording = edge()
    block = inputs(recording, "BucketPublicAccessBlock", "bucket-media-bucket-private")
    assert {key: value for key, value in block.items() if key != "bucket"} == {
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    ownership = inputs(recording, "BucketOwnershipControls", "bucket-media-bucket-ownership")
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    (policy,) = [item for item in recording.of_type("BucketPolicy").values() if item.name == "bucket-media-bucket-policy"]
    assert [resource._name for resource in policy.options.depends_on] == ["bucket-media-bucket-private"]


def test_it_is_encrypted_with_a_key_of_its_own() -> None:
    recording = edge(buckets={"reports": {}})
    for short in ("media", "reports"):
        (rule,) = inputs(recording, "BucketServerSideEncryptionConfiguration", f"bucket-{short}-bucket-encryption")["rules"]
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] == "aws:kms"
        assert rule["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"].endswith(f":bucket-{short}-key")
        assert rule["bucketKeyEnabled"]
        assert recording.of_type("kms/key:Key")[f"bucket-{short}-key"].inputs["enableKeyRotation"]


def test_without_tls_nothing_is_answered() -> None:
    (only,) = statements(edge(), "bucket-media-bucket-policy")
    assert (only["Effect"], only["Action"], only["Principal"]) == ("Deny", ["s3:*"], "*")
    assert only["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    bucket = "arn:aws:s3:ap-northeast-1:123456789012:bucket-media-bucket"
    assert only["Resource"] == [bucket, f"{bucket}/*"]


def test_who_read_it_is_logged() -> None:
    logging = inputs(edge(), "BucketLogging", "bucket-media-bucket-logging")
    assert (logging["targetBucket"], logging["targetPrefix"]) == ("network-logs-id", "s3/media/")


@pytest.mark.parametrize(("tier", "protected"), [("dev", False), ("prod", True)])
def test_bucket_and_key_are_protected_in_prod(tier: str, protected: bool) -> None:
    recording = edge(tier)
    bucket = recording.of_type("s3/bucket:Bucket")["bucket-media-bucket"]
    key = recording.of_type("kms/key:Key")["bucket-media-key"]
    assert bool(bucket.options.protect) is bool(key.options.protect) is protected
    assert bucket.inputs["forceDestroy"] is not protected


def test_its_name_is_the_worlds_and_may_be_replaced() -> None:
    bucket = inputs(edge(app="a" * 30), "s3/bucket:Bucket", "bucket-media-bucket")
    assert "bucket" not in bucket
    assert len(bucket["bucketPrefix"]) <= 37
    assert edge().outputs["buckets"] == {"media": "s3://bucket-media-bucket.bucket"}


@pytest.mark.parametrize(("versioned", "status"), [(True, "Enabled"), (False, "Suspended")])
def test_versions_are_a_choice(versioned: bool, status: str) -> None:
    versions = inputs(edge(buckets={"media": {"versioned": versioned}}), "BucketVersioning", "bucket-media-bucket-versions")
    assert versions["versioningConfiguration"] == {"status": status}


def ages(**settings: Any) -> dict[str, dict[str, Any]]:
    found = inputs(edge(buckets={"media": settings}), "BucketLifecycleConfiguration", "bucket-media-bucket-lifecycle")
    return {rule["id"]: rule for rule in found["rules"]}


def test_lifecycle_removes_rubbish_and_ages_objects() -> None:
    rules = ages(archive_after_days=30, delete_after_days=365)
    assert all(rule["status"] == "Enabled" and rule["filter"] == {"prefix": ""} for rule in rules.values())
    assert rules["abandoned-uploads"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert rules["overwritten"]["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert rules["archive"]["transitions"] == [{"days": 30, "storageClass": "GLACIER"}]
    assert rules["delete"]["expiration"] == {"days": 365}


def test_objects_stay_for_ever_unless_asked() -> None:
    assert set(ages()) == {"abandoned-uploads", "overwritten"}


def test_a_service_gets_its_bucket_and_no_more() -> None:
    outputs = edge(buckets={"reports": {}}).outputs
    assert outputs["api environment"]["BUCKET_MEDIA"] == "s3://bucket-media-bucket.bucket"
    rights = [statement for statement in outputs["api rights"] if statement["Resource"]]
    named = {resource.rpartition(":")[2] for statement in rights for resource in statement["Resource"]}
    assert named == {"bucket-media-bucket", "bucket-media-bucket/*", "bucket-media-key"}
    actions = {action for statement in rights for action in statement["Action"]}
    assert not [action for action in actions if "*" in action]
    assert "s3:DeleteBucket" not in actions
    assert outputs["web rights"] == []


def test_without_a_cdn_there_is_none() -> None:
    recording = edge()
    assert not recording.of_type("cloudfront/distribution:Distribution")
    assert "BUCKET_MEDIA_CDN" not in recording.outputs["api environment"]


def test_cloudfront_serves_by_https_through_origin_access_control() -> None:
    recording = edge(buckets=CDN)
    distribution = inputs(recording, "cloudfront/distribution:Distribution", "bucket-media-distribution")
    (origin,) = distribution["origins"]
    assert origin["domainName"] == "bucket-media-bucket.bucket_regional_domain_name"
    assert origin["originAccessControlId"] == "bucket-media-distribution-access-id"
    behaviour = distribution["defaultCacheBehavior"]
    assert behaviour["targetOriginId"] == origin["originId"]
    assert behaviour["viewerProtocolPolicy"] == "redirect-to-https"
    access = inputs(recording, "OriginAccessControl", "bucket-media-distribution-access")
    assert (access["originAccessControlOriginType"], access["signingBehavior"], access["signingProtocol"]) == (
        "s3",
        "always",
        "sigv4",
    )
    cdn = recording.outputs["api environment"]["BUCKET_MEDIA_CDN"]
    assert cdn == "https://bucket-media-distribution.domain_name"


@pytest.mark.parametrize(
    ("policy", "action"), [("bucket-media-bucket-policy", "s3:GetObject"), ("bucket-media-key-policy", "kms:Decrypt")]
)
def test_only_this_distribution_reads(policy: str, action: str) -> None:
    recording = edge(buckets=CDN)
    (served,) = [item for item in statements(recording, policy) if "cloudfront" in str(item["Principal"])]
    assert served["Action"] == [action]
    assert served["Condition"]["StringEquals"]["AWS:SourceArn"].endswith(":bucket-media-distribution")
    assert inputs(recording, "BucketPublicAccessBlock", "bucket-media-bucket-private")["restrictPublicBuckets"]
