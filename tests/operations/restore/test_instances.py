"""The provider's own restores: a new instance whose name follows from what was asked for, and what to do with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from typer.testing import CliRunner

from operations import cloud, place
from operations.cloud.contract import Copy, DatabaseControl, Snapshot, Window
from operations.errors import Refused
from operations.place import Place
from operations.restore import cli
from operations.restore.instances import moment_of

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
HANDLES = {"provider": "aws", "region": "ap-northeast-1", "prefix": "shop-prod", "database": {"id": "shop-prod-database"}}


class Provider:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    def snapshots(self) -> list[Snapshot]:
        ready = Snapshot(id="rds:shop-1", created=NOON, automated=True, ready=True, encrypted=True, size_gib=20)
        return [Snapshot(id="making", created=NOON, automated=False, ready=False, encrypted=True), ready]

    def window(self) -> Window:
        return Window(earliest=NOON - timedelta(days=7), latest=NOON)

    def restore_snapshot(self, snapshot: str, name: str, purpose: Any, say: Any) -> Copy:
        self.done.append((snapshot, name, purpose))
        return Copy(name=name, purpose=purpose, created=NOON, state="available", ready=True, host="10.0.0.9")

    def restore_moment(self, moment: datetime, name: str, purpose: Any, say: Any) -> Copy:
        self.done.append((moment, name, purpose))
        return Copy(name=name, purpose=purpose, created=NOON, state="available", ready=True, host="10.0.0.9")

    def copies(self, purpose: str) -> list[Copy]:
        return [Copy(name=f"shop-prod-{purpose}-1", purpose="restore", created=NOON, state="available", ready=True)]

    def delete_copy(self, name: str, say: Any) -> None:
        self.done.append(("deleted", name))


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    made = Provider()
    monkeypatch.setattr(cloud, "database_control", lambda handles: cast(DatabaseControl, made))
    environ = {"DB_NAME": "shop", "DB_HOST": "db.internal"}
    monkeypatch.setattr(place, "place_of", lambda name: Place(name="prod", environ=environ, handles=HANDLES, remote=True))
    return made


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, words)
    return result.exit_code, result.output


def test_a_snapshot_becomes_an_instance(provider: Provider) -> None:
    code, said = run("--snapshot", "rds:shop-1", "--stack", "prod")
    ((snapshot, name, purpose),) = provider.done
    assert (code, snapshot, purpose) == (0, "rds:shop-1", "restore")
    assert name.startswith("shop-prod-restore-")
    for part in (f"{name} is ready at 10.0.0.9:5432", "    restore:\n      snapshot: rds:shop-1", f"restore drop-old {name}"):
        assert part in said
    assert run("--snapshot", "rds:shop-1", "--stack", "prod")[0] == 0
    assert provider.done[0] == provider.done[1], "the same name again: it takes up what a killed run had begun"


def test_a_moment_becomes_an_instance(provider: Provider) -> None:
    code, said = run("--point-in-time", "2026-03-31T20:30:00+09:00", "--stack", "prod")
    assert code == 0
    assert provider.done == [(datetime(2026, 3, 31, 11, 30, tzinfo=UTC), "shop-prod-restore-20260331-113000", "restore")]
    assert "      source: shop-prod-database\n      time: 2026-03-31T11:30:00Z" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--snapshot", "making"), "The snapshot making is not ready yet"),
        (("--snapshot", "x"), "There is no snapshot x of this database: `restore list` shows"),
        (("--point-in-time", "2026-04-01T12:00:00Z"), "any moment from 2026-03-24T12:00:00Z to 2026-03-31T12:00:00Z"),
        (("--point-in-time", "2026-03-31T12:00:00"), "is no moment: write it like 2026-01-15T10:30:00Z, with its zone"),
        (("--snapshot", "a", "--backup", "b"), "three ways to restore: give one of them"),
        (("drop-old", "shop-prod-restore-2"), "There is no instance shop-prod-restore-2 that a restore has made"),
        (("drop-old", "shop-prod-restore-1"), "pass --yes-drop-old=shop-prod-restore-1 if that is meant"),
        (("drop-old", "shop"), "shop is nothing that a restore of shop has left"),
        (("drop-old", "shop_before_20260101_000000"), "pass --yes-drop-old=shop_before_20260101_000000"),
        ((), "pass --yes-restore=shop if that is meant"),
        (("--yes-restore", "prod"), "That is not shop. Nothing was done."),
    ],
)
def test_what_is_refused(provider: Provider, words: tuple[str, ...], sentence: str) -> None:
    code, said = run(*words)
    assert (code, provider.done) == (2, [])
    assert sentence in " ".join(said.split())


def test_the_instance_is_deleted_by_its_name(provider: Provider) -> None:
    assert run("drop-old", "shop-prod-restore-1", "--yes-drop-old", "shop-prod-restore-1")[0] == 0
    assert provider.done == [("deleted", "shop-prod-restore-1")]


def test_a_dump_is_restored_inside_the_stack(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The question is asked here, and its answer goes along."""
    asked: list[list[str]] = []
    monkeypatch.setattr(place, "run_there", lambda where, words: asked.append(list(words)) or 3)
    assert run("--backup", "daily/x.dump", "--yes-restore", "shop", "--json")[0] == 3
    assert run("list", "--verify")[0] == 3
    assert asked == [
        ["restore", "--backup", "daily/x.dump", "--json", "--yes-restore=shop"],
        ["restore", "list", "--verify"],
    ]


def test_without_a_stack_no_provider_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STACK_HANDLES", raising=False)
    code, said = run("--snapshot", "x")
    assert (code, "is known for a stack only: pass --stack" in " ".join(said.split())) == (2, True)


def test_moments() -> None:
    assert moment_of("2026-03-31T12:00:00Z") == NOON
    for text in ("", "yesterday", "2026-03-31"):
        with pytest.raises(Refused):
            moment_of(text)
