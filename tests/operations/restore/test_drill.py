"""A drill on a real database: its evidence is what the policy pack takes, and nothing of it is left, however it ends."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString, cast

import psutil
import psycopg
import pytest
import typer
from psycopg import sql
from psycopg.conninfo import make_conninfo

from operations import place as places
from operations.backup.manifest import BackupSet
from operations.backup.store import BackupStore
from operations.cloud.contract import Copy, DatabaseControl, Snapshot
from operations.connection import connect
from operations.drill import cli
from operations.drill.evidence import Evidence, keep, line, of_line
from operations.drill.integrity import verify
from operations.drill.run import Drill
from operations.errors import OperationError, Refused
from operations.place import Place
from policies.stack.drill import FIELDS
from tests.operations.restore.conftest import ROWS, beside, command, place

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


def drill(database: Any, store: BackupStore | None, control: Any = None) -> tuple[list[Evidence], list[str]]:
    """In this process; and what was said."""
    said: list[str] = []
    work = Drill(
        conninfo=database.owner,
        store=store,
        control=cast(DatabaseControl | None, control),
        prefix="shop-test",
        superuser=lambda name: psycopg.connect(make_conninfo(database.superuser, dbname=name), autocommit=True),
        say=said.append,
    )
    return work.run(), said


@dataclass
class Provider:
    """Copies are databases on the same server; ``fails`` is raised when one was made."""

    database: Any
    fails: str = ""
    made: dict[str, Copy] = field(default_factory=dict)

    def _root(self, statement: LiteralString, name: str) -> None:
        with psycopg.connect(self.database.superuser, dbname="postgres", autocommit=True) as root:
            names = {"copy": sql.Identifier(name), "source": sql.Identifier(self.database.name)}
            names["owner"] = sql.Identifier(f"{self.database.name}_admin")
            root.execute(sql.SQL(statement).format(**names))

    def snapshots(self) -> list[Snapshot]:
        newest = Snapshot(id="s-2", created=NOON, automated=True, ready=False, encrypted=True)
        return [newest, replace(newest, id="s-1", ready=True)]

    def restore_snapshot(self, snapshot: str, name: str, purpose: str, say: Any) -> Copy:
        assert (snapshot, purpose) == ("s-1", "drill")
        self._root("CREATE DATABASE {copy} TEMPLATE {source} OWNER {owner}", name)
        self.made[name] = Copy(name=name, purpose="drill", created=NOON, state="available", ready=True)
        if self.fails:
            raise OperationError(self.fails)
        return self.made[name]

    def login(self, copy: Copy) -> str:
        return make_conninfo(self.database.owner, dbname=copy.name)

    def copies(self, purpose: str) -> list[Copy]:
        return list(self.made.values()) if purpose == "drill" else []

    def delete_copy(self, name: str, say: Any) -> None:
        self._root("DROP DATABASE {copy} WITH (FORCE)", name)
        del self.made[name]


def test_the_evidence_of_a_dump(filled: Any, store: BackupStore, backup: BackupSet) -> None:
    app = typer.Typer()
    app.command()(cli.drill)
    code, out, err = command(app, "--json", **filled.environ(BACKUP_DIR=place(store)))
    assert code == 0, err
    (entry,) = json.loads(out)
    assert all(holds(entry[name]) for name, (_, holds) in FIELDS.items())
    assert (entry["database"], entry["source"], entry["migration"]) == (filled.name, "dump", "007_t")
    assert (entry["rows_checked"], entry["tables"], entry["indexes_checked"]) == (ROWS + 11, 3, None)
    assert entry["backup"].endswith(backup.manifest.name)
    assert [of_line(text) for text in err.splitlines() if of_line(text)] == [entry]
    assert beside(filled) == []
    assert filled.one("SELECT count(*) FROM t") == ROWS
    (found,), _ = drill(filled, store)
    assert found.indexes_checked == 2, "a superuser looks into those of t and of schema_migrations"


def test_a_snapshot_and_the_dump_on_its_instance(filled: Any, store: BackupStore, backup: BackupSet) -> None:
    filled.rows("TRUNCATE t CASCADE")
    provider = Provider(filled)
    found, said = drill(filled, store, provider)
    assert [(one.source, one.rows_checked, one.database) for one in found] == [
        ("snapshot", 1, filled.name),
        ("dump", ROWS + 11, filled.name),
    ]
    assert (found[0].backup, found[0].taken_at, provider.made) == ("s-1", NOON, {})
    assert re.search(r" to shop-test-drill-\d{8}-\d{6}_drill_", "\n".join(said)), "not on the real server"
    assert beside(filled) == []


@pytest.mark.parametrize("fails", ["the restore was given up", ""])
def test_an_instance_goes_however_the_drill_ends(filled: Any, store: BackupStore, fails: str) -> None:
    """Here there is no dump; before that, not even the instance."""
    provider = Provider(filled, fails)
    with pytest.raises(OperationError, match=fails or "There is no good backup of"):
        drill(filled, store, provider)
    assert provider.made == {}


def test_what_killed_drills_left_is_deleted(filled: Any) -> None:
    provider = Provider(filled)
    provider.restore_snapshot("s-1", "shop-test-drill-20260101-000000", "drill", print)
    _, said = drill(filled, None, provider)
    assert said[0] == "Deleting the instance shop-test-drill-20260101-000000, which a drill left that did not end."
    assert provider.made == {}


def test_a_snapshot_that_lacks_what_the_database_has(filled: Any) -> None:
    provider = Provider(filled)
    make = provider.restore_snapshot

    def less(*given: Any) -> Copy:
        copy = make(*given)
        filled.rows("DROP TABLE extra.u", conninfo=provider.login(copy))
        return copy

    provider.restore_snapshot = less  # type: ignore[method-assign]
    with pytest.raises(OperationError, match=r"s-1 was restored, and is not whole: the table extra\.u_2026 is missing"):
        drill(filled, None, provider)
    assert provider.made == {}


def test_killed_in_the_middle(
    filled: Any,
    store: BackupStore,
    backup: BackupSet,
    stand_in: Callable[[str], None],
    start: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand_in('"$REAL" "$@"; touch "$DONE"; exec sleep 60')
    process = start("drill", BACKUP_DIR=place(store), DONE=str(tmp_path / "done"))
    deadline = time.monotonic() + 60
    while not (tmp_path / "done").exists():
        assert time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)
    with pytest.raises(Refused, match=f"^Another drill of {filled.name} is at work on 127"):
        drill(filled, store)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate(timeout=60)
    for child in children:
        child.kill()
    (left,) = beside(filled)
    monkeypatch.delenv("PG_BINDIR")
    _, said = drill(filled, store)
    assert said[0] == f"Dropping {left}, which a drill left that did not end."
    assert beside(filled) == []


def test_far_fewer_rows_than_there_were_and_too_few_rights(filled: Any, store: BackupStore, backup: BackupSet) -> None:
    for path in Path(place(store)).glob("*/*.json"):
        manifest = json.loads(path.read_text())
        manifest["row_estimates"]["public.t"] = 3 * ROWS
        path.write_text(json.dumps(manifest))
    with pytest.raises(OperationError, match=f"should be looked at: public.t has {ROWS} rows, and about {3 * ROWS} were there"):
        drill(filled, store)
    filled.rows(f"ALTER ROLE {filled.name}_admin NOCREATEDB", conninfo=filled.superuser)
    with pytest.raises(Refused, match="may not make databases"):
        drill(filled, store)
    assert beside(filled) == []


def test_a_damaged_index_is_named(filled: Any) -> None:
    """The function of an index that was lied about: its entries are no longer those of the rows."""
    function = "CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 {}'"
    filled.rows(f"{function.format('')}; CREATE INDEX t_f ON t (f(n)); {function.format('+ 1')}")
    with (
        connect(filled.superuser, "test") as session,
        pytest.raises(OperationError, match=r"^The restored copy is damaged: t_f:"),
    ):
        verify(session, None, lambda: None)


def evidence(**changes: Any) -> Evidence:
    given: dict[str, Any] = {"database": "shop", "source": "dump", "backup": "daily/x", "taken_at": NOON, "restored_at": NOON}
    return Evidence(
        **given | {"migration": "001_a", "tables": 1, "rows_checked": 2, "indexes_checked": None, "seconds": 1.23456} | changes
    )


def test_evidence_of_others_stays(tmp_path: Path) -> None:
    path = tmp_path / "evidence" / "prod.json"
    first, second, other = evidence(), evidence(source="snapshot"), evidence(database="other")
    keep(path, [one.to_json() for one in (first, second, other)])
    keep(path, [evidence(backup="daily/y").to_json()])
    found = json.loads(path.read_text())
    assert [(one["database"], one["source"], one["backup"]) for one in found] == [
        ("other", "dump", "daily/x"),
        ("shop", "dump", "daily/y"),
        ("shop", "snapshot", "daily/x"),
    ]
    path.write_text("{")
    keep(path, [first.to_json()])
    assert json.loads(path.read_text()) == [of_line(line(first))]
    assert [of_line(text) for text in ("x", "evidence: {", "evidence: 7")] == [None] * 3


def test_a_stack_in_a_cloud_drills_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs inside its network; the evidence in its log is kept in the checkout."""
    (tmp_path / "Pulumi.yaml").write_text("name: managed-postgres\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    asked: list[Any] = []

    def run_there(place: Place, words: Any, *, on_line: Callable[[str], None]) -> int:
        asked.append([place.name, *words])
        on_line("Restoring ...")
        on_line(line(evidence()))
        return 0

    monkeypatch.setattr(places, "run_there", run_there)
    monkeypatch.setattr(places, "place_of", lambda name: Place(name=name, environ={}, handles={}, remote=True))
    with pytest.raises(typer.Exit) as ended:
        cli.drill(source="dump", stack="prod")
    assert (ended.value.exit_code, asked) == (0, [["prod", "drill", "--source", "dump"]])
    assert json.loads((tmp_path / "evidence/prod.json").read_text()) == [evidence().to_json()]
