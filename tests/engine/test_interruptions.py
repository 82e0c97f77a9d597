"""Ctrl-C, kill -9, a full disk: one sentence, and the next `up` works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress

import psutil
import pytest

from tests.engine.deployment import Deployment
from tests.operations.driver import ended, interrupt, wait_for


@pytest.mark.parametrize("moment", ["node-1/data.new", "node-1/data/postmaster.pid", "node-2"])
def test_interrupted_in_the_middle_then_up(deployment: Deployment, moment: str) -> None:
    begun = deployment.start("up")
    wait_for(lambda: list(deployment.paths.postgres.glob(f"database/nodes/{moment}")))
    interrupt(begun)
    stopped = ended(begun)
    assert stopped.code == 130, stopped.text
    assert "make up" in stopped.text
    assert "Traceback" not in stopped.text
    deployment.up()
    assert deployment.run("status").code == 0
    assert deployment.ask("/readyz")[0] == 200


def test_killed_in_the_middle_then_up_and_down(deployment: Deployment) -> None:
    begun = deployment.start("up")
    wait_for(lambda: list(deployment.paths.postgres.glob("database/nodes/node-2")))
    begun.kill()
    for process in deployment.processes():
        with suppress(psutil.NoSuchProcess):
            if "postgres" not in process.name():
                process.kill()
    begun.communicate()
    deployment.up()
    assert deployment.run("status").code == 0
    assert deployment.run("down", "--yes").code == 0
    assert deployment.processes() == []


def test_full_disk_is_one_sentence_and_leaves_nothing_half_made(deployment: Deployment) -> None:
    deployment.paths.home.mkdir(parents=True, exist_ok=True)
    deployment.paths.home.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m,mode=755", "tmpfs", str(deployment.paths.home)]
    script = f"{' '.join(mount)} && exec {sys.executable} -m operations up"
    kept = {"PATH": f"{sys.exec_prefix}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONPATH": str(deployment.root)}
    result = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f"{script}; code=$?; ls {deployment.paths.postgres}/database/nodes; exit $code"],
        cwd=deployment.root,
        env={**os.environ, **kept},
        capture_output=True,
        text=True,
        check=False,
    )
    text = result.stdout + result.stderr
    assert result.returncode == 1, text
    assert re.search(r"full|free|space", text), text
    assert "Traceback" not in text
    deployment.up()
