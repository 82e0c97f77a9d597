"""A dump in the place of a database: all of it, with the rights as before, the old one kept; and nothing at all on a refusal."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from operations.backup.create import create_backup
from operations.backup.manifest import BackupSet, newest_good
from operations.backup.store import BackupStore, Spoilt
from operations.errors import OperationError, Refused
from operations.restore import logical
from operations.restore.cli import app
from operations.restore.server import server_of
from tests.operations.restore.conftest import ROWS, beside, command, place, restore


def run(database: Any, store: BackupStore, *words: str) -> tuple[int, str, str]:
    return command(app, *words, **database.environ(BACKUP_DIR=place(store)))


def test_a_restore_brings_everything_back_and_keeps_what_was_there(filled: Any, store: BackupStore, backup: BackupSet) -> None:
    filled.rows("DROP TABLE t CASCADE; CREATE TABLE later (n int)")
    with psycopg.connect(filled.app):  # a session that is in the way
        code, out, err = run(filled, store, f"--yes-restore={filled.name}", "--json")
    assert code == 0, err
    answer = json.loads(out)
    assert [answer["kept"]] == beside(filled)
    assert (answer["rows"], answer["tables"], answer["migration"]) == (ROWS + 11, 3, 7)
    assert answer["warnings"] == [
        "the extension pg_stat_statements needs a superuser and was not made (CREATE EXTENSION pg_stat_statements)"
    ]
    assert f"in the place of the database {filled.name} on 127.0.0.1:" in err
    assert "; 1 session, to be ended)." in err

    assert filled.rows("SELECT count(*), count(*) FILTER (WHERE v = md5(n::text)) FROM t") == [(ROWS, ROWS)]
    assert filled.one("SELECT count(*) FROM u") == 10, "the search_path of the database is as before"
    assert filled.one("SHOW statement_timeout") == "59s"
    assert (filled.one("SHOW synchronous_commit"), filled.one("SHOW maintenance_work_mem")) == ("on", "64MB")
    assert filled.one("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()") == (
        "the shop"
    )
    assert filled.one("SELECT reltuples FROM pg_class WHERE relname = 't'") == ROWS, "statistics are there"
    assert filled.rows("UPDATE t SET v = '' WHERE n = 1; SELECT many FROM w", conninfo=filled.app) is not None
    acl = f"SELECT has_database_privilege('{filled.name}_app', '{filled.name}', 'CONNECT'), "
    acl += f"(SELECT count(*) FROM aclexplode(datacl) WHERE grantee = 0) FROM pg_database WHERE datname = '{filled.name}'"
    assert filled.rows(acl) == [(True, 0)]
    old = psycopg.conninfo.make_conninfo(filled.owner, dbname=answer["kept"])
    assert filled.rows("SELECT count(*) FROM later", conninfo=old) == [(0,)]

    code, out, _ = run(filled, store, "list")
    assert (code, out.splitlines()[-1].partition("  ")[0]) == (0, answer["kept"])
    for words in ([filled.name, f"--yes-drop-old={filled.name}"], [answer["kept"]], [answer["kept"], "--yes-drop-old=x"]):
        assert run(filled, store, "drop-old", *words)[0] == 2
    assert beside(filled) == [answer["kept"]]
    assert run(filled, store, "drop-old", answer["kept"], f"--yes-drop-old={answer['kept']}")[0] == 0
    assert beside(filled) == []


def test_a_lost_database_comes_back(filled: Any, store: BackupStore, backup: BackupSet) -> None:
    with psycopg.connect(filled.superuser, dbname="postgres", autocommit=True) as root:
        root.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(filled.name)))
    done, _ = restore(filled, store, backup)
    assert done.kept is None
    assert filled.rows("SELECT count(*) FROM t", conninfo=filled.app) == [(ROWS,)], "who has rights inside may connect"


def test_a_database_that_others_have_made(filled: Any, store: BackupStore) -> None:
    """Another tool's migrations, rights that nobody ever changed, settings for one role, time limits, a name of two lines."""
    app, owner = f"{filled.name}_app", f"{filled.name}_admin"
    names = {"db": sql.Identifier(filled.name), "app": sql.Identifier(app), "owner": sql.Identifier(owner)}
    with psycopg.connect(filled.superuser, autocommit=True) as root:
        for statement in (
            "ALTER TABLE public.schema_migrations DROP COLUMN name",
            "CREATE TEXT SEARCH CONFIGURATION public.own (COPY = simple)",
            'CREATE TABLE public."a\u2028b" (n int)',
            'ALTER TABLE public."a\u2028b" OWNER TO {owner}',
            "ALTER DATABASE {db} SET default_text_search_config TO 'public.own'",
            "ALTER ROLE {app} IN DATABASE {db} SET search_path TO extra",
            "UPDATE pg_database SET datacl = NULL WHERE datname = current_database()",
        ):
            root.execute(sql.SQL(statement).format(**names))
        root.execute(sql.SQL("ALTER TEXT SEARCH CONFIGURATION public.own OWNER TO {owner}").format(**names))
    backup = create_backup(filled.owner, store).backup
    filled.rows(f"ALTER ROLE {owner} SET statement_timeout TO '50ms'", conninfo=filled.superuser)
    try:
        done, _ = restore(filled, store, backup)
    finally:
        filled.rows(f"ALTER ROLE {owner} RESET statement_timeout", conninfo=filled.superuser)
    assert (done.checked.migration, done.checked.migration_name) == (7, "7")
    assert filled.one("SHOW default_text_search_config") == "public.own"
    kept = filled.rows("SHOW search_path", conninfo=filled.app) == [("extra",)]  # as everybody may log in, so may it
    assert kept != any(f"the setting search_path of {app} in {filled.name} needs a superuser" in one for one in done.warnings)


def test_without_the_right_name_nothing_happens(filled: Any, store: BackupStore, backup: BackupSet) -> None:
    filled.rows("DELETE FROM u")
    for words in ([], ["--yes-restore=shop"], ["--yes-restore=", "--json"]):
        code, out, err = run(filled, store, *words)
        assert code == 2, err
        assert ("Nothing was done" in out) == ("--json" in words)
    assert (beside(filled), filled.one("SELECT count(*) FROM u")) == ([], 0)


def test_options_before_a_word_are_not_lost(filled: Any, store: BackupStore, backup: BackupSet) -> None:
    """They are those of a restore: ``list`` would show another place than the one that was meant."""
    code, out, err = run(filled, store, "--stack", "prod", "list")
    assert (code, out, err) == (2, "", "Error: Options come after the word `list`, as in: restore list --stack STACK.\n")


@pytest.mark.parametrize("streamed", [True, False])  # where there is no disk for it
def test_a_spoilt_dump_replaces_nothing_and_a_good_one_does(
    filled: Any, store: BackupStore, backup: BackupSet, monkeypatch: pytest.MonkeyPatch, streamed: bool
) -> None:
    monkeypatch.setenv("CLOUD_RUN_JOB", "backups" if streamed else "")
    path = Path(place(store)) / backup.key
    flipped = bytearray(path.read_bytes())
    flipped[-2000] ^= 1
    head = bytearray(path.read_bytes())
    head[0] ^= 1  # pg_restore takes it for no dump at all
    for data in (flipped, flipped[:-2000], head):
        path.unlink()  # its monthly twin is another name of the same file
        path.write_bytes(data)
        with pytest.raises(Spoilt, match=re.escape(backup.key)):
            restore(filled, store, backup)
        assert newest_good(store.sets()) == replace(backup, kind="monthly"), "the next one takes another"
    assert (beside(filled), filled.one("SELECT count(*) FROM t")) == ([], ROWS)
    flipped[-2000] ^= 1
    path.write_bytes(flipped)
    filled.rows("TRUNCATE t CASCADE")
    done, _ = restore(filled, store, backup)
    assert (done.checked.rows, filled.one("SELECT count(*) FROM t")) == (ROWS + 11, ROWS)


def test_a_load_that_fails_or_is_not_as_its_manifest_says_is_not_swapped_in(filled: Any, store: BackupStore) -> None:
    guest = f"{filled.name}_guest"
    filled.rows(f"CREATE ROLE {guest}; GRANT SELECT ON t TO {guest}")
    backup = create_backup(filled.owner, store).backup
    filled.rows(f"REVOKE ALL ON t FROM {guest}; DROP ROLE {guest}")
    with pytest.raises(OperationError, match=f'^pg_restore failed: .*role "{guest}" does not exist'):
        restore(filled, store, backup)
    filled.rows(f"CREATE ROLE {guest}")
    lying = replace(backup, manifest=replace(backup.manifest, migration_version=8, row_estimates={"public.gone": 1}))
    with pytest.raises(OperationError, match=r"its migration is 7, that of the backup 8; the table public\.gone is missing"):
        restore(filled, store, lying)
    other = replace(backup, manifest=replace(backup.manifest, toc_entries=3))
    with pytest.raises(OperationError, match=r"its manifest says 3: it is not that backup"):
        restore(filled, store, other)
    filled.rows(f"DROP ROLE {guest}")
    assert (beside(filled), filled.one("SELECT count(*) FROM t")) == ([], ROWS)


def test_who_lacks_the_rights_is_told_which(filled: Any, store: BackupStore, backup: BackupSet) -> None:
    owner = f"{filled.name}_admin"
    filled.rows(f"ALTER ROLE {owner} NOCREATEDB; REVOKE pg_signal_backend FROM {owner}", conninfo=filled.superuser)
    with pytest.raises(Refused, match=rf"^{owner} may not connect to the database postgres.*GRANT CONNECT ON DATABASE postgres"):
        restore(filled, store, backup)
    filled.rows(f"GRANT CONNECT ON DATABASE postgres TO {owner}", conninfo=filled.superuser)
    try:
        with pytest.raises(Refused, match=rf"ALTER ROLE {owner} CREATEDB\) and may not end .*GRANT pg_signal_backend TO {owner}"):
            restore(filled, store, backup)
    finally:
        filled.rows(f"REVOKE CONNECT ON DATABASE postgres FROM {owner}", conninfo=filled.superuser)


def test_which_backup(filled: Any, store: BackupStore, backup: BackupSet) -> None:
    newer = replace(backup, manifest=replace(backup.manifest, server_version="99.1"))
    with pytest.raises(Refused, match=r"was made of PostgreSQL 99\.1, and .* is PostgreSQL \d\d: restore it on a server of"):
        restore(filled, store, newer)
    with server_of(filled.owner) as server:
        assert logical.choose(store, server.database, None).manifest == backup.manifest
        for key in (backup.key, backup.manifest.name, backup.manifest.name.removesuffix(".dump")):
            assert logical.choose(store, server.database, key).manifest == backup.manifest
        with pytest.raises(Refused, match="There is no good backup of other in file://"):
            logical.choose(store, "other", None)
        with pytest.raises(Refused, match="There is no backup x in file://"):
            logical.choose(store, server.database, "x")
        name = backup.manifest.name
        assert logical.choose(store, server.database, name).kind == "daily"
        store.objects.put(f"daily/{name}.spoilt", b"")
        assert logical.choose(store, server.database, name).kind == "monthly", "the twin is well"
        store.objects.remove(f"daily/{name}.spoilt")
        (Path(place(store)) / backup.key).write_bytes(b"")
        with pytest.raises(Refused, match="cannot be restored: corrupt"):
            logical.choose(store, server.database, backup.key)
