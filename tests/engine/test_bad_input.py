"""Bad input and bad moments, each answered in one clear sentence with nothing half-made; then the next `up` works."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.engine.deployment import Deployment
from tests.operations.driver import Ended, ended, interrupt, wait_for

pytestmark = [pytest.mark.xdist_group("engine-bad-input"), pytest.mark.timeout(240)]


@pytest.fixture
def taken(deployment: Deployment) -> Iterator[socket.socket]:
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield other


def refused(result: Ended, *sentences: str) -> None:
    assert result.code in (1, 2), result.text
    for sentence in sentences:
        assert sentence in result.text, result.text
    assert "Traceback" not in result.text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"provider": "azure"}, "provider is 'azure'; it must be one of aws, gcp, local."),
        ({"tier": "production"}, "tier is 'production'; it must be one of dev, staging, prod; did you mean prod?"),
        ({"database": {"backend": "aurora"}}, "database.backend is 'aurora', but provider local makes PostgreSQL with local"),
        ({"database": {"backend": "oracle"}}, "database.backend is 'oracle', but provider local makes PostgreSQL with local"),
        ({"databse": {}}, "databse is not a setting; did you mean database?"),
        ({"database": {"readers": -1}}, "database.readers is -1; it must be at least 0."),
        ({"database": {"readers": 99}}, "database.readers is 99; it must be at most 15."),
    ],
)
def test_settings_are_refused_before_anything_is_made(deployment: Deployment, change: dict[str, Any], sentence: str) -> None:
    deployment.configure(**change)
    refused(deployment.run("up"), f"Pulumi.local.yaml: {sentence}")
    assert not deployment.paths.root.exists()


def test_a_provider_that_is_not_here_yet(deployment: Deployment) -> None:
    (deployment.root / "Pulumi.local.yaml").write_text("config:\n  managed-postgres:app: a\n  managed-postgres:provider: gcp\n"
                                                       "  managed-postgres:tier: dev\n")  # fmt: skip
    if not (deployment.root / "components" / "gcp").exists():
        refused(deployment.run("up"), "provider is 'gcp', whose components (components/gcp/cloud.py) are not in this checkout")


def test_a_port_in_use_is_named_with_its_key(deployment: Deployment, taken: socket.socket) -> None:
    taken.bind(("127.0.0.1", deployment.port))
    taken.listen()
    refused(deployment.run("up"), f"port {deployment.port} on 127.0.0.1 is in use", "database.port")
    assert not list(deployment.paths.postgres.glob("database/nodes/*/data*"))
    taken.close()
    assert deployment.up().code == 0


def test_a_missing_postgresql_says_how_to_get_one(deployment: Deployment) -> None:
    deployment.configure(database={"version": "18"})
    refused(deployment.run("up"), "PostgreSQL 18")
    assert not list(deployment.paths.postgres.glob("database/nodes/*/data*"))
    deployment.configure()
    deployment.up()


def test_an_older_version_of_existing_data_is_refused(deployment: Deployment) -> None:
    deployment.up()
    before = deployment.postmaster(1).pid
    deployment.configure(database={"version": "15"})
    result = deployment.run("up")
    refused(result, "15", "17")
    assert deployment.postmaster(1).pid == before
    deployment.configure()
    deployment.up()


def test_a_wrong_passphrase(deployment: Deployment) -> None:
    deployment.up()
    refused(deployment.run("up", PULUMI_CONFIG_PASSPHRASE="wrong"), "passphrase")
    assert deployment.run("status").code == 0


def test_deletion_protection_refuses_down_until_it_is_off(deployment: Deployment) -> None:
    deployment.configure(database={"deletion_protection": True})
    deployment.up()
    refused(deployment.run("down", "--yes"), "deletion_protection: false", "make up")
    assert deployment.run("status").code == 0, "everything still runs"
    deployment.configure(database={"deletion_protection": False})
    deployment.up()
    assert deployment.run("down", "--yes").code == 0
    assert deployment.processes() == []


def test_two_at_once(deployment: Deployment) -> None:
    first = deployment.start("up")
    wait_for(lambda: (deployment.root / ".state" / "local.lock").exists())
    time.sleep(0.5)
    refused(deployment.run("up"), f"pid {first.pid}")
    assert ended(first).code == 0
    assert deployment.run("status").code == 0


@pytest.mark.parametrize("moment", ["node-1/data.new", "node-1/data/postmaster.pid", "node-2"])
def test_interrupted_in_the_middle_then_up(deployment: Deployment, moment: str) -> None:
    begun = deployment.start("up")
    wait_for(lambda: list(deployment.paths.postgres.glob(f"database/nodes/{moment}")), 30)
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
    wait_for(lambda: list(deployment.paths.postgres.glob("database/nodes/node-2")), 30)
    for process in [begun.pid, *(child.pid for child in deployment.processes() if "postgres" not in child.name())]:
        subprocess.run(["kill", "-9", str(process)], check=False, stderr=subprocess.DEVNULL)
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
        env={**__import__("os").environ, **kept},
        capture_output=True,
        text=True,
        check=False,
    )
    text = result.stdout + result.stderr
    assert result.returncode == 1, text
    assert re.search(r"full|free|space", text), text
    assert "Traceback" not in text
    deployment.up()
