"""``data move`` from Django's dumpdata and ``data load`` of CSV, on a real PostgreSQL."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.operations.data_move.moves import run


def test_dumpdata(target: Any, tmp_path: Path) -> None:
    target.rows(
        "CREATE TABLE django_content_type (id serial PRIMARY KEY, app_label text, model text);"
        "INSERT INTO django_content_type (app_label, model) VALUES ('made', 'anew');"
        "CREATE TABLE shop_item (id bigserial PRIMARY KEY, name text, kind_id int REFERENCES django_content_type"
        " DEFERRABLE INITIALLY DEFERRED, data jsonb, raw bytea);"
        "CREATE TABLE shop_item_friends (id bigserial PRIMARY KEY, from_item_id bigint REFERENCES shop_item,"
        " to_item_id bigint REFERENCES shop_item)"
    )
    items = [
        {"model": "contenttypes.contenttype", "pk": 5, "fields": {"app_label": "shop", "model": "item"}},
        {"model": "shop.item", "pk": 2, "fields": {"name": "a", "kind": 5, "data": {"x": [1]}, "raw": "AP8=", "friends": [3]}},
        {"model": "shop.item", "pk": 3, "fields": {"name": "b", "kind": None, "data": None, "raw": None, "friends": []}},
    ]
    path = tmp_path / "data.json"
    path.write_text(json.dumps(items))
    done = run("move", "--from", str(path))
    assert done.exit_code == 0, done.output
    assert "give way to the source's" in done.stderr
    assert target.rows("SELECT id, kind_id, data, raw FROM shop_item ORDER BY id") == [
        (2, 5, {"x": [1]}, b"\0\xff"),
        (3, None, None, None),
    ]
    assert target.rows("SELECT from_item_id, to_item_id FROM shop_item_friends") == [(2, 3)]
    target.rows("TRUNCATE shop_item, shop_item_friends")
    items[1]["fields"]["raw"] = "AP8=?"
    path.write_text(json.dumps(items))
    spoilt = run("move", "--from", str(path))
    assert spoilt.exit_code == 1, spoilt.output
    assert (
        "public.shop_item, row 1: raw is bytea, and the value there is none of that (neither bytes nor base64)" in spoilt.stderr
    )
    items[1]["fields"]["raw"] = "AP8="
    items[1]["fields"]["kind"] = ["shop", "item"]
    path.write_text(json.dumps(items))
    natural = run("move", "--from", str(path))
    assert natural.exit_code == 2
    assert "loaddata" in natural.stderr
    path.write_text('{"model": 1}')
    assert "no file of dumpdata" in run("move", "--from", str(path)).stderr


def test_csv(target: Any, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text('id,email,created,note\n5,a@x,2026-01-01,"x, ""y"""\n6,b@x,2026-01-02,\n', encoding="utf-8-sig")
    done = run("load", str(path), "--table", "users")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 rows loaded into public.users in ")
    assert target.rows("SELECT id, note, active FROM users ORDER BY id") == [(5, 'x, "y"', True), (6, None, True)]
    assert target.one("INSERT INTO users (email, created) VALUES ('c@x', now()) RETURNING id") == 7
    assert "--append adds to them" in run("load", str(path), "--table", "users").stderr
    path.write_text("email,created\nd@x,2026-01-03\ne@x,no date\n")
    failed = run("load", str(path), "--table", "public.users", "--append")
    assert failed.exit_code == 1
    assert "invalid input syntax for type timestamp with time zone (row 3, column created). No row was loaded." in failed.stderr
    assert target.one("SELECT count(*) FROM users") == 3
    path.write_text("email,nope\n")
    assert "names nope, and public.users has no such column" in run("load", str(path), "--table", "users").stderr
    path.write_text("email\n")
    assert "needs a value for created" in run("load", str(path), "--table", "users").stderr
    assert "has no table nope" in run("load", str(path), "--table", "nope").stderr
    path.write_text("")
    assert run("load", str(path), "--table", "users").exit_code == 2
    assert run("load", os.devnull + "x", "--table", "users").exit_code == 2
