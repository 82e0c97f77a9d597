"""Log buckets: kept as long as wanted, once, and not in the way of the next stack of the same name."""

from __future__ import annotations

from components.gcp.log_bucket import log_bucket
from components.gcp.network import GcpNetwork
from tests.components.gcp.network import network_alone, waits_for
from tests.recorder import Recording

FILTER = 'resource.type="cloudsql_database"'


def recorded(*, app: str = "shop") -> Recording:
    def use(network: GcpNetwork) -> None:
        log_bucket(network, "logs", filter=FILTER, retention_days=45)

    return network_alone(use, app=app, flow_logs=False)


def test_what_matches_is_kept_in_the_bucket_and_nowhere_else() -> None:
    recording = recorded()
    bucket = recording.of_type("ProjectBucketConfig")["network-logs"].inputs
    sink = recording.of_type("ProjectSink")["network-logs-sink"].inputs
    exclusion = recording.of_type("ProjectExclusion")["network-logs-exclusion"]
    assert (bucket["retentionDays"], bucket["location"]) == (45, "asia-northeast1")
    assert sink["destination"] == "logging.googleapis.com/network-logs-id"
    assert sink["filter"] == exclusion.inputs["filter"] == FILTER
    assert "network-logs-sink" in waits_for(exclusion), "no line is lost in between"


def test_a_deleted_bucket_does_not_block_the_next_one() -> None:
    """Its id stays taken for seven days, and the provider updates what it finds under an id instead of making it."""
    recording = recorded()
    assert recording.of_type("ProjectBucketConfig")["network-logs"].inputs["bucketId"] == "shop-dev-network-logs-0a1b2c3d"
    assert recording.of_type("RandomId")["network-logs-suffix"].inputs["byteLength"] == 3


def test_names_are_short_enough() -> None:
    """Logging takes 100 characters."""
    recording = recorded(app="a" * 20)
    bucket = recording.of_type("ProjectBucketConfig")["network-logs"].inputs["bucketId"]
    assert len(bucket) <= 100
