"""What runs in Cloud Run: variables, secrets at a version, files, the way into the network, the rights it needs first."""

from __future__ import annotations

from typing import Any

import pytest

from components.environment import SecretRef
from components.gcp.container import container, user_secret, volumes
from components.gcp.secret import PinnedSecret
from components.settings.workload import JobSettings
from tests.components.gcp.containers import CA_FILE, container_of, containers, job, needs, service
from tests.recorder import member_of

OWN_SECRET: dict[str, Any] = {"jobs": {"load": {"secrets": {"API_KEY": "partner-key:3", "OTHER": "partner-key:3"}}}}
SETTINGS = JobSettings(image="api:1", cpu=1.0, log_retention_days=7)


def test_the_stacks_own_image_and_others() -> None:
    assert container_of(job())["image"].endswith("-docker.pkg.dev/network-api-serviceusage.project/shop-dev/api:1")
    elsewhere = job(jobs={"load": {"image": "ghcr.io/acme/load@sha256:00"}})
    assert container_of(elsewhere)["image"] == "ghcr.io/acme/load@sha256:00"


def test_a_command_keeps_the_images_entry_point() -> None:
    """As on ECS and Docker: on Cloud Run that is called args."""
    found = container_of(job())
    assert found["args"] == ["python", "-m", "load"]
    assert "commands" not in found
    assert "args" not in container_of(job("report")), "the image's own"


def test_variables_are_sorted() -> None:
    (only,) = service().inputs["template"]["containers"]
    names = [item["name"] for item in only["envs"]]
    assert names == sorted(names)
    assert {"DB_HOST", "DB_PASSWORD", "HOST"} <= set(names)


def test_gcp_complaint_22_secrets_are_bound_to_a_version() -> None:
    """``latest`` in a variable gives no new revision, and two values within one (terraform-provider-google#17769)."""
    for found in (service(), job("migrate")):
        password = container_of(found)["envs"]["DB_PASSWORD"]["secretKeyRef"]
        assert password["version"] == "7"
    assert service().inputs["template"]["volumes"] == [
        {"name": "file-1", "secret": {"secret": "db-ca", "items": [{"version": "2", "path": "ca.pem"}]}}
    ]
    loose = SecretRef(id="projects/p/secrets/db")
    with pytest.raises(TypeError, match="the secret of DB_PASSWORD names no version"):
        container(SETTINGS, image="i", command=(), environment={}, secrets={"DB_PASSWORD": loose}, files={})


def test_gcp_complaint_22_a_container_waits_for_its_rights() -> None:
    assert {"service-api-granted", "service-api-internet-egress"} <= needs(service())
    assert {"job-migrate-granted", "job-migrate-internet-egress"} <= needs(job("migrate"))
    found = job(**OWN_SECRET)
    assert "job-load-reads.partner-key" in needs(found)


def test_a_secret_of_the_stack_file() -> None:
    assert container_of(job(**OWN_SECRET))["envs"]["API_KEY"]["secretKeyRef"] == {"secret": "partner-key", "version": "3"}
    rights = {name for name in containers(**OWN_SECRET).of_type(":SecretIamMember") if name.startswith("job-load-")}
    assert rights == {"job-load-reads.partner-key"}, "one right for one secret, however often it is used"
    right = containers(**OWN_SECRET).of_type(":SecretIamMember")["job-load-reads.partner-key"].inputs
    assert right["secretId"] == "partner-key"
    assert right["role"] == "roles/secretmanager.secretAccessor"
    assert right["member"] == member_of("job-load-identity")


def test_two_versions_of_one_secret_are_one_right() -> None:
    change: dict[str, Any] = {"jobs": {"load": {"secrets": {"OLD": "partner-key:3", "NEW": "partner-key:4"}}}}
    envs = container_of(job(**change))["envs"]
    assert (envs["OLD"]["secretKeyRef"]["version"], envs["NEW"]["secretKeyRef"]["version"]) == ("3", "4")
    assert [name for name in containers(**change).of_type(":SecretIamMember") if name.startswith("job-load-")] == [
        "job-load-reads.partner-key"
    ]
    assert containers(**change).duplicates == []


def test_secrets_of_one_name_in_two_projects_are_two_rights() -> None:
    made = containers(jobs={"load": {"secrets": {"OURS": "partner-key:3", "THEIRS": "projects/shared/secrets/partner-key:1"}}})
    assert made.duplicates == []
    rights = {
        right.inputs["secretId"] for name, right in made.of_type(":SecretIamMember").items() if name.startswith("job-load-")
    }
    assert rights == {"partner-key", "projects/shared/secrets/partner-key"}


def test_a_secret_of_another_project() -> None:
    found = user_secret("projects/shared/secrets/partner-key:12")
    assert (found.secret, found.version) == ("projects/shared/secrets/partner-key", "12")


def test_the_stack_file_wins_over_what_is_granted() -> None:
    plain = container_of(job(jobs={"load": {"environment": {"DB_HOST": "elsewhere", "DB_PASSWORD": "none"}}}))
    assert plain["envs"]["DB_HOST"] == "elsewhere"
    assert plain["envs"]["DB_PASSWORD"] == "none"
    secret = container_of(job(jobs={"load": {"secrets": {"DB_USER": "user:1"}}}))
    assert secret["envs"]["DB_USER"]["secretKeyRef"] == {"secret": "user", "version": "1"}


def test_gcp_complaint_23_no_cloudsql_socket() -> None:
    """Its volume never stops differing unless it is last, and it prefers a public address; the private one needs no socket."""
    for tier in ("dev", "prod"):
        for kind in ("cloudrunv2/service:Service", "cloudrunv2/job:Job"):
            for found in containers(tier).of_type(kind).values():
                template = found.inputs["template"]
                template = template.get("template", template)
                assert not [volume for volume in template["volumes"] if "cloudSqlInstance" in volume]
                assert template["vpcAccess"]["egress"] == "ALL_TRAFFIC"


def test_every_workload_has_its_own_account_tag_and_generation() -> None:
    accounts = set()
    for found in (service(), service("worker"), job(), job("migrate")):
        template = found.inputs["template"]
        template = template.get("template", template)
        accounts.add(template["serviceAccount"])
        (interface,) = template["vpcAccess"]["networkInterfaces"]
        assert interface["subnetwork"] == "network-egress-id"
        assert interface["network"] == "network-vpc-id"
        assert interface["tags"] == [f"shop-dev-{found.name.rsplit('-', 1)[0]}"]
        assert template["executionEnvironment"] == "EXECUTION_ENVIRONMENT_GEN2"
    assert len(accounts) == 4


def test_limits_as_google_writes_them() -> None:
    found = container_of(job(jobs={"load": {"cpu": 2.0, "memory_mib": 4096}}))
    assert found["resources"]["limits"] == {"cpu": "2", "memory": "4096Mi"}


def test_files_are_mounted_one_to_a_folder() -> None:
    assert container_of(service())["volumeMounts"] == [{"name": "file-1", "mountPath": "/etc/database"}]
    one = PinnedSecret(id="a", secret="a", version="1")
    both = volumes(SETTINGS, {"/etc/cache/ca.pem": one, CA_FILE: one})
    assert [volume["name"] for volume in both] == ["file-1", "file-2"]
    with pytest.raises(ValueError, match="two files in one folder: /etc/x/a, /etc/x/b"):
        volumes(SETTINGS, {"/etc/x/a": one, "/etc/x/b": one})


def test_a_disk_for_what_does_not_fit_into_memory() -> None:
    found = job(jobs={"load": {"scratch_gib": 30}})
    assert found.inputs["template"]["template"]["volumes"][-1] == {
        "name": "scratch",
        "emptyDir": {"medium": "DISK", "sizeLimit": "30Gi"},
    }
    only = container_of(found)
    assert only["volumeMounts"][-1] == {"name": "scratch", "mountPath": "/scratch"}
    assert only["envs"]["TMPDIR"] == "/scratch"
    assert "TMPDIR" not in container_of(job())["envs"]


def test_the_order_of_a_file_changes_nothing() -> None:
    first = container(SETTINGS, image="i", command=(), environment={"B": "1", "A": "2"}, secrets={}, files={})
    assert first == container(SETTINGS, image="i", command=(), environment={"A": "2", "B": "1"}, secrets={}, files={})
