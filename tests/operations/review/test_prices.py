"""The price tables: complete, sourced, refused in a sentence when broken, written whole or not at all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from operations.errors import Refused
from operations.review.prices import table
from operations.review.prices.show import lines
from operations.review.prices.table import BASES, FOLDER, Price, Prices, Source, load, read, write

FILES = sorted(FOLDER.glob("*.json"))
SOURCE = Source("a test", date(2026, 1, 2), "list")


def test_the_tables_are_there() -> None:
    assert [file.name for file in FILES] == ["aws.json", "gcp.json", "guides.json"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_price_has_amount_unit_source_and_date(file: Path) -> None:
    prices = read(file)
    assert prices.rows
    for sku, price in prices.rows.items():
        assert price.amount > 0, sku
        assert price.unit, sku
        assert price.source.text, sku
        assert price.source.basis in BASES, sku
        assert date(2021, 1, 1) <= price.source.date <= date(2026, 12, 31), sku


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_table_written_again_is_the_same_file(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / file.name
    write(copy, read(file))
    assert copy.read_text() == file.read_text()


def test_no_table_for_a_region_means_unknown_prices_not_tokyos() -> None:
    prices = load("aws", "eu-west-1")
    assert prices.rows == {}
    assert prices.get("nat/hour") is None
    assert prices.dates is None


def test_the_guides_book_wins_over_the_list_and_keeps_the_rest() -> None:
    listed, guided = load("aws"), load("aws", book="guides")
    assert guided.rows["s3/standard-ia-gib-month"].amount == 0.0125
    assert listed.rows["s3/standard-ia-gib-month"].amount == 0.0138
    assert guided.rows["nat/hour"] == listed.rows["nat/hour"]
    assert load("gcp", book="guides") == load("gcp"), "a book of another cloud changes nothing"


def broken(**changes: Any) -> str:
    content: dict[str, Any] = {
        "provider": "aws",
        "region": "ap-northeast-1",
        "sources": {"s1": {"text": "a test", "date": "2026-01-02", "basis": "list"}},
        "prices": {"nat/hour": {"usd": 0.062, "unit": "hour", "source": "s1"}},
    }
    return json.dumps({**content, **changes})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Expecting property name"),
        ("[]", "list indices"),
        (
            broken(prices={"nat/hour": {"usd": 0, "unit": "hour", "source": "s1"}}),
            "nat/hour costs '0'; an unknown price is left out",
        ),
        (broken(prices={"nat/hour": {"usd": None, "unit": "hour", "source": "s1"}}), "nat/hour costs 'None'"),
        (broken(prices={"nat/hour": {"usd": True, "unit": "hour", "source": "s1"}}), "nat/hour costs 'True'"),
        (broken(prices={"nat/hour": {"usd": 1, "unit": "hour", "source": "s9"}}), "names the source 's9'"),
        (broken(prices={"nat/hour": {"unit": "hour", "source": "s1"}}), "'usd' is missing"),
        (broken(sources={"s1": {"text": "x", "date": "yesterday", "basis": "list"}}), "Invalid isoformat string"),
        (broken(sources={"s1": {"text": "x", "date": "2026-01-02", "basis": "rumour"}}), "basis is 'rumour'"),
    ],
)
def test_a_broken_table_is_refused_in_one_sentence(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "aws.json"
    file.write_text(text)
    with pytest.raises(Refused) as refusal:
        read(file)
    assert said in str(refusal.value)
    assert str(refusal.value).startswith("The price table aws.json is broken: ")
    assert "\n" not in str(refusal.value)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"gone\.json cannot be read: No such file"):
        read(tmp_path / "gone.json")


def test_a_write_that_fails_leaves_the_old_table_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "aws.json"
    prices = Prices("aws", "ap-northeast-1", {"nat/hour": Price(1.0, "hour", SOURCE)}, "aws.json")
    write(file, prices)
    before = file.read_text()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(table.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write(file, replace(prices, rows={"nat/hour": Price(2.0, "hour", SOURCE)}))
    assert file.read_text() == before
    assert list(tmp_path.iterdir()) == [file]


def test_show_names_what_is_not_from_the_list() -> None:
    said = list(lines("aws"))
    assert said[0].startswith("aws, ap-northeast-1: ")
    assert any(line.startswith("nat/hour ") and "0.062 per hour" in line and line.endswith("2026-09-25") for line in said)
    assert any(line.startswith("rds-proxy/vcpu-hour ") and line.endswith(", derived") for line in said)
