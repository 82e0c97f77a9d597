"""A network that is lost without a word: packets vanish, nobody says so. Real namespaces, a real server."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.runtime.cluster import ROOT, LocalCluster
from tests.runtime.network import POSSIBLE, SERVER, far_network

PATIENCE = 60

if POSSIBLE:  # elsewhere nobody may make a network: what the socket is set to is tested in test_database

    def test_a_lost_network_ends_waiting_and_sending(cluster: LocalCluster) -> None:
        """libpq's own settings hang in both for a quarter of an hour. bench.outages holds it to 6 s."""
        with far_network(("127.0.0.1", cluster.postgres.port)) as network:
            environ = cluster.environ(
                DB_HOST=SERVER, DB_PORT=str(network.port), DB_READER_HOST=None, DB_SSL_MODE="verify-ca", PYTHONPATH=str(ROOT)
            )
            command = [*network.prefix, sys.executable, "-m", "tests.runtime.far_client", str(PATIENCE), "ours"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            with subprocess.Popen(command, cwd=ROOT, env=environ | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, **pipes) as client:
                assert client.stdout is not None
                assert client.stdout.readline() == "ready\n"
                network.cut()
                output, _ = client.communicate("cut\n", timeout=PATIENCE + 60)
        ended = json.loads(output)
        assert set(ended) == {"waiting", "sending"}
        assert max(seconds for seconds, _ in ended.values()) < PATIENCE / 2
