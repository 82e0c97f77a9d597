"""The guides' Django settings, word for word, under the environment contract: a process of its own on the real cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.runtime.cluster import APP, ROOT, LocalCluster

PROJECT = Path(__file__).parent / "django_project"


def work(cluster: LocalCluster, **changes: str | None) -> subprocess.CompletedProcess[str]:
    environ = {
        **cluster.environ(**changes),
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "django_settings",
        "PYTHONPATH": str(PROJECT),
    }
    command = [sys.executable, str(PROJECT / "work.py")]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_reads_go_to_the_reader_and_writes_to_the_writer(cluster: LocalCluster) -> None:
    try:
        done = work(cluster)
        assert done.returncode == 0, done.stderr
        assert cluster.execute("SELECT username FROM users") == [("changed",)]
    finally:
        cluster.execute("DELETE FROM users")
    found = json.loads(done.stdout)
    tls = [True, "verify-full", str(cluster.postgres.ca)]
    for alias, standby, address in (("default", False, "127.0.0.1"), ("reader", True, "127.0.0.2")):
        session = found[alias]
        assert (session["user"], session["standby"], session["address"]) == (APP, standby, address)
        assert session["tls"] == tls
        assert session["keepalive"] == [30, 10, 5]
    assert found["read_from"] == "reader"
    assert found["persistent"] == [True, True]
    assert found["max_age"] == [600, 600]
    assert found["health_checks"] == [True, True]


def test_a_wrong_ca_is_refused(cluster: LocalCluster, tmp_path: Path) -> None:
    empty = tmp_path / "ca.crt"
    empty.touch()
    done = work(cluster, DB_SSL_ROOT_CERT=str(empty))
    assert done.returncode != 0
    assert "could not read root certificate file" in done.stderr
