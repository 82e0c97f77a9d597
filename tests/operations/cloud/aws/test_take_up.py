"""A change of the writer and a promotion on AWS, ended by Ctrl-C: the same command takes it up, and begins no other."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from moto.rds.models import RDSBackend, rds_backends

from tests.operations.cloud.aws.conftest import ACCOUNT
from tests.operations.cloud.aws.stack import REGION, Account
from tests.operations.cloud.commands import Commands, ctrl_c

READER = "shop-dev-2"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What AWS was asked to begin; it does not end by itself."""
    found: list[str] = []

    def promote(backend: RDSBackend, db_kwargs: dict[str, Any]) -> Any:
        found.append("promote")
        server(READER).status = "modifying"
        return server(READER)

    def reboot(backend: RDSBackend, db_instance_identifier: str, **more: Any) -> Any:
        found.append("reboot")
        server(db_instance_identifier).status = "rebooting"
        return server(db_instance_identifier)

    def fail_over(backend: RDSBackend, *args: Any, **more: Any) -> Any:
        found.append("failover")
        cluster = backend.clusters["shop-dev"]
        cluster.status = "failing-over"
        server(READER).status = "rebooting"
        return cluster

    for name, does in (("promote_read_replica", promote), ("reboot_db_instance", reboot), ("failover_db_cluster", fail_over)):
        monkeypatch.setattr(RDSBackend, name, does)
    return found


def server(name: str) -> Any:
    return rds_backends[ACCOUNT][REGION].databases[name]


def promoted() -> None:
    one = server(READER)
    if one.status == "modifying":
        server("shop-dev").remove_replica(one)
        one.source_db_instance_identifier, one.status = None, "available"


def test_a_promotion_is_taken_up(account: Account, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account.instance(replicas=1)
    run = Commands(account.handles("rds"), tmp_path, monkeypatch)
    cut_off = run("promote", READER, at_pause=ctrl_c)
    assert (cut_off.exit_code, cut_off.stderr.splitlines()[-1]) == (
        130,
        "Error: Stopped half-way; the same command takes up what was begun.",
    )
    again = run("promote", READER, at_pause=promoted)
    assert again.exit_code == 0, again.output
    assert f"{READER}: is leaving, or has left already" in again.stderr
    assert "being promoted (modifying)" in again.stdout
    once_more = run("promote", READER)
    assert once_more.exit_code == 0, once_more.output
    assert asked == ["promote"]
    assert run.kept == [READER] * 3


def test_what_is_no_reader_has_not_left(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy's name begins as a reader's does, and it follows nobody either."""
    database = account.instance(replicas=1)
    database.create_snapshot("base", account.say)
    database.restore_snapshot("shop-dev-base", "shop-dev-restore-1", "restore", account.say)
    run = Commands(account.handles("rds"), tmp_path, monkeypatch)
    for other in ("shop-dev-restore-1", "shop-dev", "shop-dev-9"):
        refused = run("promote", other)
        assert refused.exit_code == 2, refused.output
    assert run.kept == []


def test_a_switchover_of_rds_is_taken_up(
    account: Account, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its writer is rebooting meanwhile, which is no reason to call it lost."""
    account.instance(standby=True)
    event = SimpleNamespace(source_identifier="shop-dev", source_type="db-instance", event_categories=["failover"])
    monkeypatch.setattr(RDSBackend, "describe_events", lambda *_, **__: [event])
    run = Commands(account.handles("rds"), tmp_path, monkeypatch)
    cut_off = run("switchover", at_pause=ctrl_c)
    assert (cut_off.exit_code, asked) == (130, ["reboot"])

    def over() -> None:
        server("shop-dev").status = "available"

    again = run("switchover", at_pause=over)
    assert again.exit_code == 0, again.output
    assert "rebooting already" in again.stdout
    assert "shop-dev is the writer already" in again.stdout
    assert asked == ["reboot"]


def test_a_switchover_of_aurora_to_one_reader_is_taken_up(
    account: Account, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That reader is rebooting meanwhile, as it must to become the writer."""
    account.aurora()
    run = Commands(account.handles("aurora"), tmp_path, monkeypatch)
    cut_off = run("switchover", "--to", READER, at_pause=ctrl_c)
    assert (cut_off.exit_code, asked) == (130, ["failover"])

    def over() -> None:
        cluster = rds_backends[ACCOUNT][REGION].clusters["shop-dev"]
        for member in cluster.members:
            member.is_cluster_writer = member.db_instance_identifier == READER
        cluster.status = server(READER).status = "available"

    again = run("switchover", "--to", READER, at_pause=over)
    assert again.exit_code == 0, again.output
    assert f"{READER} is the writer, after " in again.stdout
    assert asked == ["failover"]
