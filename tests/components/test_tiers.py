"""The tier table."""

from __future__ import annotations

from components.tiers import TIERS, merge, with_defaults


def test_every_key_appears_once() -> None:
    keys = [row.key for row in TIERS]
    assert len(keys) == len(set(keys))


def test_more_careful_towards_prod() -> None:
    rows = {row.key: row for row in TIERS}
    retention = rows["database.backup.retention_days"]
    assert (retention.dev, retention.prod) == (7, 30), "the Aurora guide's figures"
    assert retention.dev <= retention.staging <= retention.prod
    assert rows["database.deletion_protection"].prod
    assert rows["database.final_backup"].prod


def test_optional_blocks_stay_out() -> None:
    assert "cache" not in with_defaults("prod", {})
    assert with_defaults("prod", {"cache": {}})["cache"] == {"ha": True, "engine": "valkey", "version": "8"}
    assert with_defaults("prod", {"cache": {}, "provider": "gcp"})["cache"] == {"ha": True, "engine": "redis", "version": "7.2"}


def test_defaults_reach_every_service_and_change_nothing_given() -> None:
    given = {"services": {"api": {"scaling": {"min": 5}}, "web": {"kind": "frontend"}}}
    services = with_defaults("prod", given)["services"]
    assert services["api"]["scaling"] == {"min": 5, "max": 6}
    assert services["web"]["port"] == 80
    assert given == {"services": {"api": {"scaling": {"min": 5}}, "web": {"kind": "frontend"}}}


def test_merge_goes_block_by_block() -> None:
    assert merge({"a": {"b": 1, "c": 2}}, {"a": {"c": 3}}) == {"a": {"b": 1, "c": 3}}
