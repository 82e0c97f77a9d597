"""The cost of the project's own stack files, and what Cost Explorer (moto's server) says was charged."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer import Typer
from typer.testing import CliRunner

from operations.cost import cli
from operations.cost.actual import charged
from operations.engine.checkout import Checkout
from operations.errors import OperationError
from tests.operations.review.checkout import CLUSTER, checkout
from tests.recorder import ROOT

TODAY = date(2026, 11, 21)


def cost(*arguments: str) -> Result:
    app = Typer()
    app.command()(cli.cost)
    return CliRunner().invoke(app, arguments)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_estimate_of_a_stack_file_by_component(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = """
instance = aws.rds.ClusterInstance(
    "database-1", cluster_identifier=cluster.id, engine="aurora-postgresql", instance_class="db.t4g.medium", opts=here
)
bucket = aws.s3.Bucket("files")
odd = aws.chime.VoiceConnector("odd", require_encryption=True)
"""
    checkout(tmp_path, CLUSTER + instance)
    monkeypatch.chdir(tmp_path)
    told = cost("--stack", "test", "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found["monthly"] == pytest.approx(found["fixed"] + found["assumed_use"], abs=0.02)
    assert found["components"]["database"]["fixed"] > 50
    assert sum(part["monthly"] for part in found["components"].values()) == pytest.approx(found["monthly"], abs=0.05)
    assert not found["complete"]
    assert [line["what"] for line in found["lines"] if line["unknown"]]
    assert all((line["monthly"] is None) == bool(line["unknown"]) for line in found["lines"]), "unknown is never 0"
    lines = cost("--stack", "test").stdout.splitlines()
    assert lines[0] == "Stack test, US dollars a month:"
    assert lines[1].split() == ["As", "set", "Assumed", "use", "Together", "At", "most", "Component"]
    assert lines[2].split()[-1] == "database", "the dearest first"
    everything = next(line.split() for line in lines if line.split()[-1] == "all")
    assert everything[:3] == [f"{found['fixed']:,.2f}", "+", "?"]
    assert [line for line in lines if line.startswith("Assumed: ")]
    assert [line for line in lines if line.startswith("No price: ")]
    assert lines[-1].startswith("List prices in US dollars of 20")
    assert "for ap-northeast-1" in lines[-1]


def test_this_machine_costs_nothing() -> None:
    assert cost().stdout == "Stack local costs nothing: it runs on this machine.\n"
    assert json.loads(cost("--json").stdout)["monthly"] == 0
    refused = cost("--actual")
    assert refused.exit_code == 2
    assert "runs on this machine" in refused.stderr


def test_bad_input_is_a_sentence() -> None:
    refused = cost("--stack", "nowhere")
    assert refused.exit_code == 2
    assert "There is no stack 'nowhere'" in refused.stderr
    google = cost("--stack", "gcp-dev", "--actual", "--json")
    assert google.exit_code == 2
    assert "value = 'gcp-dev'" in json.loads(google.stdout)["error"]


def results(moto: str, *periods: dict[str, Any]) -> None:
    """What moto's Cost Explorer answers next."""
    body = json.dumps({"results": [{"ResultsByTime": list(periods), "DimensionValueAttributes": []}]}).encode()
    request = urllib.request.Request(
        f"{moto}/moto-api/static/ce/cost-and-usage-results", body, {"content-type": "application/json"}
    )
    urllib.request.urlopen(request, timeout=10).close()


def period(start: str, end: str, *, estimated: bool, **services: str) -> dict[str, Any]:
    groups = [
        {"Keys": [name], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}} for name, amount in services.items()
    ]
    return {"TimePeriod": {"Start": start, "End": end}, "Total": {}, "Groups": groups, "Estimated": estimated}


def test_what_was_charged(moto: str, aws: Callable[[str], Any]) -> None:
    before = period("2026-10-01", "2026-11-01", estimated=False, AmazonRDS="81.5", AmazonECS="12.25", Tax="0.001")
    now = period("2026-11-01", "2026-11-22", estimated=True, AmazonECS="8.75", AmazonRDS="55")
    results(moto, before, now)
    found = charged(Checkout(ROOT), "dev", TODAY)
    assert [(one.month.month, one.service, one.amount, one.final) for one in found] == [
        (11, "AmazonRDS", 55, False),
        (11, "AmazonECS", 8.75, False),
        (10, "AmazonRDS", 81.5, True),
        (10, "AmazonECS", 12.25, True),
    ]


def test_the_bill_as_text(moto: str, aws: Callable[[str], Any]) -> None:
    results(moto, period("2026-11-01", "2026-11-22", estimated=True, AmazonECS="8.75", AmazonRDS="1055"))
    shown = cost("--stack", "dev", "--actual")
    assert shown.exit_code == 0, shown.output
    assert [" ".join(line.split()) for line in shown.stdout.splitlines()] == [
        "Stack dev, 2026-11, not yet final, US dollars:",
        "Charged Service",
        "1,055.00 AmazonRDS",
        "8.75 AmazonECS",
        "1,063.75 all",
    ]


def test_an_account_that_knows_nothing(moto: str, aws: Callable[[str], Any]) -> None:
    with pytest.raises(OperationError, match="activate the cost allocation tags app and stack"):
        charged(Checkout(ROOT), "dev", TODAY)


def test_no_credentials_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    with pytest.raises(OperationError, match="ce:GetCostAndUsage"):
        charged(Checkout(ROOT), "dev", TODAY)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(OperationError, match="Could not connect"):
        charged(Checkout(ROOT), "dev", TODAY)
