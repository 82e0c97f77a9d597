"""`snapshot` on a local stack, whose provider is this machine."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from operations import place, snapshot
from operations.place import Place
from tests.support import LocalPostgres

RUN = CliRunner()


def test_snapshots_of_a_local_stack(local_postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    handles = {
        "provider": "local",
        "app": "shop",
        "prefix": "shop-test",
        "database": {"backend": "local", "cluster": str(local_postgres.cluster_dir)},
    }
    here = Place(name="local", environ={}, handles=handles, remote=False)
    monkeypatch.setattr(place, "place_of", lambda stack: here)
    made = RUN.invoke(snapshot.app, ["create", "before-42"])
    assert (made.exit_code, made.stdout.split()[0]) == (0, "before-42")
    again = RUN.invoke(snapshot.app, ["create", "before-42"])  # the first one was cut off, as far as anybody knows
    assert (again.exit_code, again.stdout) == (0, made.stdout)
    file = local_postgres.cluster_dir / "snapshots/before-42/snapshot.json"
    record = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "created": "2026-01-31T12:00:00+00:00"}))
    stale = RUN.invoke(snapshot.app, ["create", "before-42"])
    assert (stale.exit_code, stale.stdout) == (2, "")
    assert "There is a snapshot before-42 already, of 2026-01-31 12:00:00 UTC, and none was made now" in stale.stderr
    listed = RUN.invoke(snapshot.app, ["list", "--json"])
    assert [(found["id"], found["ready"]) for found in json.loads(listed.stdout)["snapshots"]] == [("before-42", True)]
    asked = RUN.invoke(snapshot.app, ["delete", "before-42"])
    assert (asked.exit_code, "--yes-delete=before-42" in asked.output) == (2, True)
    assert "before-42" in RUN.invoke(snapshot.app, ["list"]).stdout
    assert RUN.invoke(snapshot.app, ["delete", "before-42", "--yes-delete=before-42"]).exit_code == 0
    assert RUN.invoke(snapshot.app, ["list"]).stdout == "no snapshots\n"
    gone = RUN.invoke(snapshot.app, ["delete", "before-42", "--yes-delete=before-42"])
    assert (gone.exit_code, gone.output.startswith("Error: There is no snapshot before-42")) == (2, True)
    assert RUN.invoke(snapshot.app, ["create", "Before 42"]).exit_code == 2
    monkeypatch.setattr(place, "place_of", lambda stack: Place(name="shop", environ={}, handles=None, remote=False))
    assert "say which stack's, with --stack" in RUN.invoke(snapshot.app, ["list"]).output
