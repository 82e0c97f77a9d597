"""The moment in which a restored database takes the name, as applications see it on the writer and on a reader."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from operations.backup.create import create_backup
from operations.backup.stores import store_of
from operations.restore import logical
from operations.restore.readers import end_sessions
from operations.restore.server import server_of
from tests.support import running_postgres


def test_clients_find_the_one_or_the_other(tmp_path: Path) -> None:
    """Those that come again at once do not keep the name from changing, and no reader goes on with what was replaced."""
    with running_postgres(nodes=2) as postgres:
        owner, reader = postgres.url(admin=True), postgres.hosts[1]
        with psycopg.connect(owner, autocommit=True) as session:
            session.execute("CREATE TABLE t AS SELECT 1 AS n")
            backup = create_backup(owner, store := store_of({}, str(tmp_path / "backups"))).backup
            session.execute("UPDATE t SET n = 2")
        over = threading.Event()
        there = make_conninfo(postgres.url(), host=reader, target_session_attrs="any")
        clients: list[tuple[str, list[str]]] = [(postgres.url(), []), (postgres.url(), []), (there, [])]

        def client(conninfo: str, seen: list[str]) -> None:
            while not over.is_set():
                try:
                    with psycopg.connect(conninfo, autocommit=True) as session:
                        while not over.is_set():
                            seen.append(str(session.execute("SELECT n FROM t").fetchone()))
                            time.sleep(0.001)
                except psycopg.Error as error:
                    seen.append(str(error))

        threads = [threading.Thread(target=client, args=one) for one in clients]
        for thread in threads:
            thread.start()
        try:
            with server_of(owner) as server:
                done = logical.restore(server, store, backup, lambda _: None, readers=[*postgres.hosts, "127.0.0.9"])
                (warning,) = done.warnings[1:]
                assert warning.startswith("127.0.0.9 cannot be asked (")
                assert end_sessions(server, ["shop.cluster-ro-x.rds.amazonaws.com"], str(done.kept)) == [
                    "shop.cluster-ro-x.rds.amazonaws.com stands for several readers: sessions there may still read "
                    f"{done.kept} until they are opened anew; restart the services"
                ]
            deadline = time.monotonic() + 60
            while not all("(1,)" in seen for _, seen in clients) and time.monotonic() < deadline:
                time.sleep(0.01)
        finally:
            over.set()
            for thread in threads:
                thread.join()
    for _, seen in clients:
        assert {"(2,)", "(1,)"} <= set(seen)
        assert not [line for line in seen if "relation" in line], "it never is empty"
        assert "(2,)" not in seen[seen.index("(1,)") :], "nobody goes back to what was replaced"
