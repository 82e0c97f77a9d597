"""Buckets: private, recoverable, under names of their own; served by Cloud CDN without being public."""

from __future__ import annotations

from typing import Any

import pytest

from components.gcp.storage import lifecycle
from components.settings.platform import BucketSettings
from tests.components.gcp.edge import edge
from tests.recorder import Recording, Registered, member_of


def bucket(recording: Recording) -> Registered:
    return recording.of_type("bucket:Bucket")["bucket-media-bucket"]


def lifecycle_of(recording: Recording) -> list[tuple[str, dict[str, Any]]]:
    return [(rule["action"]["type"], rule["condition"]) for rule in bucket(recording).inputs["lifecycleRules"]]


@pytest.mark.parametrize("change", [{}, {"buckets": {"media": {"cdn": True}}}])
def test_nothing_can_make_it_public(change: Any) -> None:
    recording = edge(**change)
    found = bucket(recording).inputs
    assert found["publicAccessPrevention"] == "enforced"
    assert found["uniformBucketLevelAccess"] is True
    members = [item.inputs["member"] for item in recording.of_type("BucketIAMMember").values()]
    assert members
    assert not {"allUsers", "allAuthenticatedUsers"} & set(members)


def test_its_name_is_the_worlds_only_one_and_new_in_another_region() -> None:
    recording = edge()
    assert bucket(recording).inputs["name"] == "shop-dev-media-0a1b2c3d"
    assert bucket(recording).inputs["location"] == "ASIA-NORTHEAST1", "as Google gives it back, or there is a diff for ever"
    suffix = recording.of_type("RandomId")["bucket-media-bucket-suffix"].inputs
    assert suffix["keepers"] == {"region": "asia-northeast1"}
    assert len(bucket(edge(app="a" * 30, environment="b" * 30)).inputs["name"]) <= 63
    assert recording.outputs["buckets"] == {"media": "gs://shop-dev-media-0a1b2c3d"}


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_prod_neither_loses_nor_empties_it(tier: str) -> None:
    found = bucket(edge(tier))
    kept = tier == "prod"
    assert bool(found.options.protect) is kept
    assert found.inputs["forceDestroy"] is not kept


def test_what_is_overwritten_or_deleted_can_be_had_back() -> None:
    found = bucket(edge()).inputs
    assert found["versioning"] == {"enabled": True}
    assert found["softDeletePolicy"]["retentionDurationSeconds"] >= 604800, "Google takes 0 or 7 to 90 days"
    assert ("Delete", {"withState": "ARCHIVED", "daysSinceNoncurrentTime": 30}) in lifecycle_of(edge())
    assert ("AbortIncompleteMultipartUpload", {"withState": "ANY", "age": 7}) in lifecycle_of(edge())
    assert bucket(edge(buckets={"media": {"versioned": False}})).inputs["versioning"] == {"enabled": False}


def test_no_rule_deletes_live_objects_unless_asked() -> None:
    for action, condition in lifecycle_of(edge()):
        assert action == "AbortIncompleteMultipartUpload" or condition["withState"] == "ARCHIVED"


def test_archive_and_deletion_follow_the_settings() -> None:
    settings = BucketSettings(deletion_protection=False, archive_after_days=90, delete_after_days=365)
    assert lifecycle(settings) == [
        {"action": {"type": "SetStorageClass", "storage_class": "ARCHIVE"}, "condition": {"with_state": "LIVE", "age": 90}},
        {"action": {"type": "Delete"}, "condition": {"with_state": "LIVE", "age": 365}},
    ]
    assert lifecycle(BucketSettings(deletion_protection=False)) == []


def test_only_granted_services_write_and_only_objects() -> None:
    recording = edge()
    granted = {item.name: item.inputs for item in recording.of_type("BucketIAMMember").values()}
    assert set(granted) == {"service-api-writes.bucket-media-bucket"}
    (grant,) = granted.values()
    assert (grant["role"], grant["member"]) == ("roles/storage.objectUser", member_of("service-api-identity"))
    assert grant["bucket"] == bucket(recording).inputs["name"]
    assert "service-api-writes.bucket-media-bucket" in recording.outputs["api waits"]
    assert recording.outputs["api environment"]["BUCKET_MEDIA"] == "gs://shop-dev-media-0a1b2c3d"
    assert "BUCKET_MEDIA" not in recording.outputs["web environment"]


def served() -> Recording:
    return edge("prod", buckets={"media": {"cdn": True}})


def test_the_load_balancer_is_the_one_reader_from_outside() -> None:
    """Google's private bucket access: the load balancer's service agent, which the first backend bucket brings to life."""
    reader = served().of_type("BucketIAMMember")["bucket-media-cdn-reader"]
    assert reader.inputs["member"] == "serviceAccount:service-5432@https-lb.iam.gserviceaccount.com", "the project's number"
    assert reader.inputs["role"] == "roles/storage.objectViewer"
    waits: Any = reader.options.depends_on
    assert "bucket-media-cdn" in {resource._name for resource in waits}


def test_the_cdn_keeps_what_a_private_bucket_calls_private() -> None:
    backend = served().of_type("BackendBucket")["bucket-media-cdn"].inputs
    assert backend["enableCdn"] is True
    policy = backend["cdnPolicy"]
    assert policy["cacheMode"] == "FORCE_CACHE_ALL"
    assert "maxTtl" not in policy, "of CACHE_ALL_STATIC only"
    assert {header.partition(":")[0] for header in backend["customResponseHeaders"]} >= {"Strict-Transport-Security"}


def test_nobody_gets_a_list_of_the_objects() -> None:
    """The reader's role may list; without an index page Cloud Storage answers ``/`` with all names."""
    assert bucket(served()).inputs["website"] == {"mainPageSuffix": "index.html"}
    assert "website" not in bucket(edge()).inputs


def test_every_domain_serves_it_below_its_name() -> None:
    recording = served()
    for matcher in recording.of_type("uRLMap:URLMap")["ingress-routes"].inputs["pathMatchers"]:
        rule = next(rule for rule in matcher["pathRules"] if rule["paths"] == ["/media/*"])
        assert rule["service"] == "bucket-media-cdn-id"
        assert rule["routeAction"] == {"urlRewrite": {"pathPrefixRewrite": "/"}}, "the bucket knows nothing of the prefix"
    assert recording.outputs["api environment"]["BUCKET_MEDIA_CDN"] == "https://api.example.com/media"
    assert "BUCKET_MEDIA_CDN" not in edge().outputs["api environment"]
