"""Parameters and the groups that carry them."""

from __future__ import annotations

import subprocess

import pytest

from components.aws.parameters import DEFAULTS, PER_INSTANCE, STATIC, apply_method
from components.local.host.postgres.binaries import available
from tests.components.aws.database import DatabaseMade, aurora, rds


def group(made: DatabaseMade, name: str) -> dict[str, str]:
    return {item["name"]: item["value"] for item in made.inputs(name)["parameters"]}


def test_the_defaults_are_in_the_clusters_group() -> None:
    found = group(aurora(), "database-cluster-parameters")
    assert found["rds.force_ssl"] == "1"
    assert found["log_min_duration_statement"] == "1000"
    assert found["log_lock_waits"] == "1"
    assert "pg_stat_statements" in found["shared_preload_libraries"]


def test_rds_has_them_in_its_one_group() -> None:
    assert group(rds(), "database-parameters") == DEFAULTS


def test_the_users_parameters_win_and_go_to_the_right_group() -> None:
    own = {"log_min_duration_statement": "250", "work_mem": "65536", "rds.logical_replication": "1"}
    made = aurora(parameters=own)
    cluster, instances = group(made, "database-cluster-parameters"), group(made, "database-instance-parameters")
    assert cluster["log_min_duration_statement"] == "250"
    assert cluster["rds.logical_replication"] == "1"
    assert instances == {"work_mem": "65536"}


def test_a_parameter_is_in_one_group_only() -> None:
    made = aurora(parameters=dict.fromkeys(PER_INSTANCE, "100"))
    assert not group(made, "database-cluster-parameters").keys() & group(made, "database-instance-parameters").keys()


def test_replicas_tell_the_primary_what_they_read() -> None:
    made = rds(readers=1)
    assert group(made, "database-replica-parameters")["hot_standby_feedback"] == "1"
    assert "hot_standby_feedback" not in group(made, "database-parameters")


def test_the_family_is_that_of_the_version() -> None:
    assert aurora(version="16").inputs("database-cluster-parameters")["family"] == "aurora-postgresql16"
    assert aurora(version="16").inputs("database-instance-parameters")["family"] == "aurora-postgresql16"
    assert rds(version="17.6", auto_minor_upgrade=False).inputs("database-parameters")["family"] == "postgres17"


def test_complaint_04_another_major_never_takes_a_group_away_that_is_in_use() -> None:
    """AWS names the new group, so it can be made first; the old one stays; nothing is deleted before it is replaced."""
    made = aurora()
    for name in ("database-cluster-parameters", "database-instance-parameters"):
        resource = made.named(name)
        assert "name" not in resource.inputs
        assert resource.inputs["namePrefix"].endswith("-")
        assert resource.options.retain_on_delete
        assert not resource.options.delete_before_replace


@pytest.mark.parametrize("name", ["shared_preload_libraries", "max_connections", "rds.logical_replication", "max_wal_senders"])
def test_complaint_20_static_parameters_wait_for_a_restart(name: str) -> None:
    made = aurora(parameters={name: "10"})
    groups = ("database-cluster-parameters", "database-instance-parameters")
    methods = {item["name"]: item["applyMethod"] for key in groups for item in made.inputs(key)["parameters"]}
    assert methods[name] == "pending-reboot"
    assert methods["log_min_duration_statement"] == "immediate"


def test_complaint_20_every_static_parameter_of_postgresql_is_in_the_table() -> None:
    """The servers on this machine say themselves which they are."""
    for server in available():
        command = [server.tool("postgres"), "--describe-config"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True, env=server.environment).stdout
        contexts = dict(line.split("\t")[:2] for line in listed.splitlines())
        static = {name for name, context in contexts.items() if context == "postmaster"}
        assert len(static) > 40, server
        assert static <= STATIC, server


def test_complaint_20_what_rds_has_as_its_default_does_not_differ_for_ever() -> None:
    assert apply_method("rds.force_ssl") == "pending-reboot"
