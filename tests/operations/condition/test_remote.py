"""A stack on AWS, seen from outside its network: what the provider's own interface says (moto's server, over HTTP)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer import Typer, echo
from typer.testing import CliRunner

from operations import place as places
from operations.backup.manifest import Manifest
from operations.condition import cli as condition_cli
from operations.condition.condition import condition_of
from operations.condition.text import lines
from operations.doctor import cli as doctor_cli
from operations.doctor.examine import of_provider
from operations.engine import checkout
from operations.engine.checkout import Checkout
from operations.place import Place
from operations.top import cli as top_cli

NAME = "shop_20250120_030000.dump"


@pytest.fixture
def place(aws: Callable[[str], Any]) -> Place:
    """An Aurora with a writer and a reader, an alarm that fires, and one dump in the stack's bucket."""
    rds, watch = aws("rds"), aws("cloudwatch")
    rds.create_db_cluster(
        DBClusterIdentifier="shop-dev", Engine="aurora-postgresql", EngineVersion="17.4", MasterUsername="shop_admin",
        MasterUserPassword="the-first-password", ServerlessV2ScalingConfiguration={"MinCapacity": 0.5, "MaxCapacity": 4},
    )  # fmt: skip
    for name in ("shop-dev-1", "shop-dev-2"):
        rds.create_db_instance(
            DBInstanceIdentifier=name, DBClusterIdentifier="shop-dev", Engine="aurora-postgresql", DBInstanceClass="db.serverless"
        )
    rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="before-the-change", DBClusterIdentifier="shop-dev")
    watch.put_metric_alarm(
        AlarmName="shop-dev-database-cpu", MetricName="CPUUtilization", Namespace="AWS/RDS", Period=60, EvaluationPeriods=5,
        Threshold=80, ComparisonOperator="GreaterThanThreshold", Statistic="Average",
        Tags=[{"Key": "app", "Value": "shop"}, {"Key": "environment", "Value": "dev"}],
    )  # fmt: skip
    watch.set_alarm_state(AlarmName="shop-dev-database-cpu", StateValue="ALARM", StateReason="93 % for 5 minutes")
    bucket = aws("s3")
    bucket.create_bucket(Bucket="shop-dumps", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    at = datetime(2025, 1, 20, 3, tzinfo=UTC)
    made = Manifest(
        name=NAME, database="shop", started=at, ended=at, bytes=4, sha256="0" * 64, server_version="17.4",
        client_version="17.10", toc_entries=1, migration_version=1, row_estimates={},
    )  # fmt: skip
    bucket.put_object(Bucket="shop-dumps", Key=f"daily/{NAME}", Body=b"dump")
    bucket.put_object(Bucket="shop-dumps", Key=f"daily/{NAME}.json", Body=made.to_json().encode())
    handles = {
        "provider": "aws", "app": "shop", "environment": "dev", "tier": "dev", "region": "ap-northeast-1", "prefix": "shop-dev",
        "database": {
            "backend": "aurora", "id": "shop-dev", "name": "shop", "subnet_group": "", "security_groups": [], "proxy": False,
        },
        "backups": {"destination": "s3://shop-dumps"}, "jobs": {}, "services": {},
    }  # fmt: skip
    return Place(name="dev", environ={"DB_NAME": "shop"}, handles=handles, remote=True)


def test_what_the_provider_says(place: Place, tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    evidence = {"backup": f"daily/{NAME}", "restored_at": "2026-11-21T05:00:00Z", "seconds": 12}
    (tmp_path / "evidence" / "dev.json").write_text(json.dumps(evidence))
    found = condition_of(place, tmp_path)
    assert [(member.name, member.role, member.healthy) for member in found.members] == [
        ("shop-dev-1", "writer", True),
        ("shop-dev-2", "reader", True),
    ]
    assert found.healthy
    assert found.problems == ()
    assert found.last_backup is not None
    assert found.last_backup.name == f"daily/{NAME}"
    assert len(found.alarms) == 1
    assert found.last_snapshot is not None
    assert found.last_snapshot.id == "before-the-change"
    told = list(lines(found, datetime(2026, 11, 21, 6, tzinfo=UTC)))
    assert [line for line in told if line.startswith("Last snapshot: before-the-change, ")]
    assert told[0].startswith("Server shop-dev-1: writer, available")
    assert f"Last drill: daily/{NAME} restored in 12.0 s, 2026-11-21 05:00 UTC, 1 h 0 min ago" in told
    assert told[-1].startswith("Sessions, transactions and sizes are known inside its network only: ")
    assert "`python -m operations status --inside --stack dev`" in told[-1]
    json.dumps(found.as_json(), default=str)


def test_what_cannot_be_asked_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.handles is not None
    gone = replace(place, handles={**place.handles, "database": {**place.handles["database"], "id": "nobody"}})
    found = condition_of(gone)
    assert not found.healthy
    assert found.problems
    assert "nobody" in found.problems[0]
    assert found.last_backup is not None, "the rest is told"
    checks = list(of_provider(gone))
    assert [check.state for check in checks] == ["failed"]


@pytest.fixture
def inside(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``status --inside`` with a fresh drill in the checkout; the job there answers with its arguments."""
    (tmp_path / "evidence").mkdir()
    evidence = {"backup": f"daily/{NAME}", "restored_at": "2026-11-21T05:00:00Z", "seconds": 12}
    (tmp_path / "evidence" / "dev.json").write_text(json.dumps(evidence))
    monkeypatch.setattr(places, "place_of", lambda stack: place)
    monkeypatch.setattr(checkout, "find_checkout", lambda: Checkout(tmp_path))

    def status(answer: str, *words: str) -> Any:
        def run_there(where: Place, given: list[str]) -> int:
            assert (where, given) == (place, ["status", *words])
            echo(answer)
            return 1

        monkeypatch.setattr(places, "run_there", run_there)
        app = Typer()
        app.command()(condition_cli.status)
        return CliRunner().invoke(app, ["--stack", "dev", "--inside", *words])

    return status


def test_the_inside_is_asked_for_sql_and_the_outside_for_alarms_and_drills(inside: Callable[..., Any]) -> None:
    shown = inside("Server node-1: primary")
    assert shown.exit_code == 1, "the exit code of the inside"
    first, drill, alarm = shown.stdout.splitlines()
    assert first == "Server node-1: primary"
    assert drill.startswith(f"Last drill: daily/{NAME} restored in 12.0 s, ")
    assert alarm.startswith("Alarm: database-cpu since ")
    there = {"state": "down", "database": {"nodes": [], "alarms": [], "last_drill": None, "problems": ["one"]}}
    told = json.loads(inside(json.dumps(there), "--json").stdout)
    assert told["state"] == "down"
    assert told["database"]["last_drill"]["backup"] == f"daily/{NAME}"
    assert len(told["alarms"]) == len(told["database"]["alarms"]) == 1
    assert told["database"]["problems"] == ["one"]
    failed = json.loads(inside(json.dumps({"error": "no login"}), "--json").stdout)
    assert (failed["error"], len(failed["alarms"])) == ("no login", 1)
    broken = inside("no module named operations", "--json")
    assert (broken.exit_code, broken.stdout, broken.stderr) == (1, "", "no module named operations\n")


def test_the_doctor_from_outside(place: Place) -> None:
    checks = {check.name: check for check in of_provider(place)}
    assert list(checks) == ["provider", "server shop-dev-1", "server shop-dev-2", "backups"]
    assert {check.state for name, check in checks.items() if name != "backups"} == {"ok"}
    assert checks["provider"].found == "aws answers for 2 servers"
    assert checks["backups"].state == "warning", "it is old"


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        (doctor_cli.doctor, ("--inside",), ["doctor"]),
        (top_cli.top, ("--seconds", "3", "--json"), ["top", "--seconds", "3", "--limit", "10", "--json"]),
        (top_cli.top, ("--activity",), ["top", "--seconds", "10", "--limit", "10", "--activity"]),
    ],
)
def test_what_needs_sql_is_run_inside_and_its_exit_code_counts(
    monkeypatch: pytest.MonkeyPatch, command: Callable[..., None], arguments: tuple[str, ...], words: list[str]
) -> None:
    asked: list[tuple[str, list[str]]] = []

    def run_there(place: Place, given: list[str]) -> int:
        asked.append((place.name, given))
        return 7

    monkeypatch.setattr(places, "run_there", run_there)
    monkeypatch.setattr(places, "place_of", lambda stack: Place(name=stack, environ={}, handles={}, remote=True))
    app = Typer()
    app.command()(command)
    assert CliRunner().invoke(app, ["--stack", "prod", *arguments]).exit_code == 7
    assert asked == [("prod", words)]
