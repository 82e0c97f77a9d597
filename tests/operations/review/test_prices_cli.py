"""``python -m operations.review.prices``: what it prints and how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from operations.errors import Refused
from operations.review.prices import refresh as operation
from operations.review.prices.cli import app
from operations.review.prices.table import load, read, write
from tests.operations.review.price_server import serving
from tests.operations.review.test_refresh_aws import answering, files

RUNNER = CliRunner()


def test_show_prints_the_table() -> None:
    done = RUNNER.invoke(app, ["show", "--provider", "gcp"])
    assert done.exit_code == 0
    assert "cloudsql-enterprise/vcpu-hour" in done.output


def test_show_of_a_region_without_a_table_says_so() -> None:
    done = RUNNER.invoke(app, ["show", "--provider", "aws", "--region", "eu-west-1"])
    assert done.output.startswith("aws, eu-west-1: 0 prices in US dollars (no table (aws.eu-west-1.json is not there))")


def test_an_unknown_provider_is_bad_input() -> None:
    assert RUNNER.invoke(app, ["show", "--provider", "azure"]).exit_code == 2


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "aws.json"
    write(file, load("aws"))
    monkeypatch.setattr(operation, "path_of", lambda provider, region: file)
    return file


def test_refresh_says_what_changed(table: Path) -> None:
    with serving(answering(files(lambda offer: 0.062 if offer.sku == "nat/hour" else 0.5))) as server:
        done = RUNNER.invoke(app, ["refresh", "--provider", "aws", "--url", server.url])
    assert done.exit_code == 0, done.output
    assert "alb/hour: 0.0243 -> 0.5 USD per hour (+1957.6%)" in done.output
    assert "nat/hour" not in done.output.replace("In no list", ""), "it costs what it cost"
    assert f"aws.json: {len(files())}" not in done.output
    assert read(table).rows["alb/hour"].amount == 0.5


def test_refresh_with_a_missing_row_ends_with_one(table: Path) -> None:
    services = files()
    services["AWSSecretsManager"] = []
    with serving(answering(services)) as server:
        done = RUNNER.invoke(app, ["refresh", "--provider", "aws", "--url", server.url])
    assert done.exit_code == 1
    assert "secrets/secret-month: the list does not have it; its old price stays" in done.output
    assert table.exists()


def test_refresh_that_cannot_be_done_is_a_refusal() -> None:
    done = RUNNER.invoke(app, ["refresh", "--provider", "aws", "--url", "nowhere"])
    assert isinstance(done.exception, Refused)
    assert done.exception.exit_code == 2
