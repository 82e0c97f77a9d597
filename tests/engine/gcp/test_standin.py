"""The stand-in answers as the real provider would: what a change does, what Google refuses. No engine here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from tests.components.gcp.stack import gcp_stack
from tests.engine.gcp.standin.cloud import CLOUD
from tests.engine.gcp.standin.facts import BROKEN
from tests.engine.standin.asked import Asked, refuses
from tests.engine.standin.kinds import GCP

INSTANCE = "gcp:sql/databaseInstance:DatabaseInstance"
SERVICE = "gcp:cloudrunv2/service:Service"
JOB = "gcp:cloudrunv2/job:Job"
SECRET = "gcp:secretmanager/secret:Secret"
VERSION = "gcp:secretmanager/secretVersion:SecretVersion"
APIS = ("sqladmin", "run", "secretmanager", "compute", "servicenetworking", "storage")

SETTINGS: dict[str, Any] = {
    "tier": "db-custom-2-8192",
    "edition": "ENTERPRISE",
    "diskSize": 20,
    "diskType": "PD_SSD",
    "ipConfiguration": {"privateNetwork": "projects/host/global/networks/shared"},
}
SQL = {
    "name": "shop-1",
    "region": "asia-northeast1",
    "databaseVersion": "POSTGRES_17",
    "deletionProtection": False,
    "settings": SETTINGS,
}
CONTAINERS = {"containers": [{"image": "api:1"}], "serviceAccount": "api@reference.iam.gserviceaccount.com"}
RUN = {"name": "api", "location": "asia-northeast1", "template": CONTAINERS, "deletionProtection": False}
MIGRATE = {"name": "migrate", "location": "asia-northeast1", "template": {"template": CONTAINERS}, "runExecutionToken": "a"}


@pytest.fixture
def cloud(tmp_path: Path) -> Asked:
    made = Asked(CLOUD, tmp_path)
    for api in APIS:
        made.create("gcp:projects/service:Service", {"service": f"{api}.googleapis.com"}, api)
    return made


@pytest.mark.parametrize(
    "change",
    [
        {"tier": "dev"},
        {"tier": "prod", "database": {"customer_managed_key": True, "iam_users": ["user:ann@example.com"]}},
        {"tier": "prod", "network": {"private_access": "psc"}, "cache": {"engine": "valkey", "version": "8.0"}},
    ],
)
def test_every_type_of_the_program_is_in_the_table(change: dict[str, Any]) -> None:
    used = {
        resource.type.partition(":")[2] for resource in gcp_stack(**change).resources.values() if resource.type.startswith("gcp:")
    }
    assert sorted(used - set(GCP)) == []


def test_nothing_is_made_before_its_api_is_enabled(tmp_path: Path) -> None:
    with refuses("sqladmin.googleapis.com has not been used"):
        Asked(CLOUD, tmp_path).create(INSTANCE, SQL)


def with_settings(**change: Any) -> dict[str, Any]:
    return {**SQL, "settings": {**SETTINGS, **change}}


def test_a_create_only_property_of_a_block_replaces_and_others_do_not(cloud: Asked) -> None:
    assert not cloud.diff(INSTANCE, SQL, with_settings(tier="db-custom-4-16384")).replaces
    assert list(cloud.diff(INSTANCE, SQL, with_settings(diskType="PD_HDD")).replaces) == ["settings"]
    assert cloud.diff(INSTANCE, SQL, SQL).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_gcp_complaint_01_the_name_of_a_deleted_instance_is_locked(cloud: Asked) -> None:
    id_, state = cloud.create(INSTANCE, SQL)
    cloud.delete(INSTANCE, id_, state)
    with refuses("deleted less than a week ago"):
        cloud.create(INSTANCE, SQL)


def test_gcp_complaint_03_either_protection_alone_keeps_the_instance(cloud: Asked) -> None:
    id_, state = cloud.create(INSTANCE, with_settings(deletionProtectionEnabled=True))
    with refuses("The instance is protected"):
        cloud.delete(INSTANCE, id_, state)
    cloud.update(INSTANCE, id_, state, SQL)
    with refuses("deletion_protection is set to true"):
        cloud.delete(INSTANCE, id_, {**state, "deletionProtection": True})
    cloud.delete(INSTANCE, id_, state)


def test_gcp_complaint_04_a_disk_grows_and_never_shrinks(cloud: Asked) -> None:
    id_, state = cloud.create(INSTANCE, SQL)
    grown = cloud.update(INSTANCE, id_, state, with_settings(diskSize=40))
    assert grown["settings"]["diskSize"] == 40
    with refuses("disk size cannot decrease from 40 to 20"):
        cloud.update(INSTANCE, id_, grown, with_settings(tier="db-custom-4-16384"))


def test_gcp_complaint_05_edition_and_machine_must_fit(cloud: Asked) -> None:
    with refuses("Invalid Tier"):
        cloud.create(INSTANCE, {**SQL, "settings": {key: value for key, value in SETTINGS.items() if key != "edition"}})
    with refuses("Invalid Tier"):
        cloud.create(INSTANCE, with_settings(edition="ENTERPRISE_PLUS"))


def test_gcp_complaint_07_a_replica_is_not_smaller_than_its_primary(cloud: Asked) -> None:
    id_, state = cloud.create(INSTANCE, SQL)
    replica = {**with_settings(tier="db-custom-1-3840"), "name": "shop-1-replica-1", "masterInstanceName": "shop-1"}
    with refuses("cannot be smaller"):
        cloud.create(INSTANCE, replica)
    cloud.create(INSTANCE, {**replica, "settings": SETTINGS})
    with refuses("master can't be larger than replica: shop-1-replica-1"):
        cloud.update(INSTANCE, id_, state, with_settings(tier="db-custom-4-16384"))
    with refuses("has read replicas"):
        cloud.delete(INSTANCE, id_, state)


def test_gcp_complaint_09_a_private_address_needs_the_connection(cloud: Asked) -> None:
    network, _ = cloud.create("gcp:compute/network:Network", {"name": "shop"})
    with refuses("at least 1 private services connection"):
        cloud.create(INSTANCE, with_settings(ipConfiguration={"privateNetwork": network}))
    connection = {"network": network, "service": "servicenetworking.googleapis.com", "reservedPeeringRanges": ["r"]}
    id_, state = cloud.create("gcp:servicenetworking/connection:Connection", connection)
    cloud.create(INSTANCE, with_settings(ipConfiguration={"privateNetwork": network}))
    with refuses("Producer services"):
        cloud.delete("gcp:servicenetworking/connection:Connection", id_, state)


def test_gcp_complaint_13_a_user_that_owns_something_is_only_forgotten(cloud: Asked) -> None:
    cloud.create(INSTANCE, SQL)
    id_, state = cloud.create("gcp:sql/user:User", {"name": "shop_app", "instance": "shop-1", "passwordWo": "hush-hush"})
    with refuses("cannot be dropped because some objects depend on it"):
        cloud.delete("gcp:sql/user:User", id_, state)
    cloud.delete("gcp:sql/user:User", id_, {**state, "deletionPolicy": "ABANDON"})
    with refuses("shop_app already exists"):
        cloud.create("gcp:sql/user:User", {"name": "shop_app", "instance": "shop-1"})
    assert "hush-hush" not in "".join(path.read_text() for path in cloud.world.folder.rglob("*.json"))


def test_gcp_complaint_22_a_secret_must_be_there_enabled_and_readable(cloud: Asked) -> None:
    secret, _ = cloud.create(SECRET, {"secretId": "shop-db", "replication": {}})
    env = {"name": "DB_PASSWORD", "valueSource": {"secretKeyRef": {"secret": "shop-db", "version": "1"}}}
    service = {**RUN, "template": {**CONTAINERS, "containers": [{"image": "api:1", "envs": [env]}]}}
    with refuses("Permission denied on secret"):
        cloud.create(SERVICE, service)
    member = f"serviceAccount:{CONTAINERS['serviceAccount']}"
    grant = {"secretId": secret, "role": "roles/secretmanager.secretAccessor", "member": member}
    cloud.create("gcp:secretmanager/secretIamMember:SecretIamMember", grant)
    with refuses("versions/1 was not found"):
        cloud.create(SERVICE, service)
    id_, state = cloud.create(VERSION, {"secret": secret, "secretDataWo": "x", "secretDataWoVersion": 1})
    cloud.create(SERVICE, service)
    cloud.update(VERSION, id_, state, {"secret": secret, "secretDataWoVersion": 1, "enabled": False})
    with refuses("DISABLED"):
        cloud.create(SERVICE, {**service, "name": "web"})


def test_gcp_complaint_20_traffic_names_revisions_that_exist(cloud: Asked) -> None:
    id_, state = cloud.create(SERVICE, RUN)
    stable = {"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "percent": 100}
    with refuses("does not exist"):
        cloud.update(SERVICE, id_, state, {**RUN, "traffics": [{**stable, "revision": "api-00002-abc"}]})
    cloud.update(SERVICE, id_, state, {**RUN, "traffics": [{**stable, "revision": "api-00001-abc"}]})
    with refuses("must add up to 100"):
        cloud.update(SERVICE, id_, state, {**RUN, "traffics": [{**stable, "percent": 90}]})


def test_gcp_complaint_21_a_failed_revision_or_run_is_there_and_said_once(cloud: Asked) -> None:
    cloud.world.note(BROKEN, "api", "probe failed")
    cloud.world.note(BROKEN, "migrate", "exit code 1")
    with refuses("is not ready: probe failed"):
        cloud.create(SERVICE, RUN)
    with refuses("Execution migrate-a has failed: exit code 1"):
        cloud.create(JOB, MIGRATE)
    [service] = cloud.world.all(SERVICE)
    assert (service.outputs["latestCreatedRevision"], service.outputs["latestReadyRevision"]) == ("api-00001-abc", "")
    [job] = cloud.world.all(JOB)
    assert cloud.update(JOB, job.id, job.inputs, job.inputs) == job.inputs, "nothing to change, so nothing is run again"
    assert len(cloud.world.noted("executions")) == 1


def test_the_rest_that_is_in_use_stays(cloud: Asked) -> None:
    bucket, state = cloud.create("gcp:storage/bucket:Bucket", {"name": "shop-media", "location": "ASIA-NORTHEAST1"})
    with refuses("not empty"):
        cloud.delete("gcp:storage/bucket:Bucket", bucket, state)
    managed = {"name": "api-1", "managed": {"domains": ["api.example.com"]}}
    certificate, state = cloud.create("gcp:compute/managedSslCertificate:ManagedSslCertificate", managed)
    cloud.create("gcp:compute/targetHttpsProxy:TargetHttpsProxy", {"name": "p", "sslCertificates": [certificate], "urlMap": "m"})
    with refuses("is used by it"):
        cloud.delete("gcp:compute/managedSslCertificate:ManagedSslCertificate", certificate, state)
