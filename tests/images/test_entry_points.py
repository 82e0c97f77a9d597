"""What the images start, in a bare environment: their own packages only, nothing inherited, no right to write."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator

import httpx
import pytest

from components.local.host.postgres.binaries import find_binaries
from tests.images.image import BARE, SCRATCH, Image, make
from tests.runtime.cluster import LocalCluster, running_cluster
from tests.support import short_folder


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with running_cluster() as made:
        yield made


@pytest.fixture(scope="module")
def application() -> Iterator[Image]:
    with short_folder() as folder:
        yield make("runtime", folder)


@pytest.fixture(scope="module")
def operations() -> Iterator[Image]:
    with short_folder() as folder:
        yield make("operations", folder)


def contract(cluster: LocalCluster, image: Image, *, admin: bool = False) -> dict[str, str]:
    """As in a container: the CA is a file of the image, the password a variable."""
    ca = image.folder / "ca.crt"
    shutil.copyfile(cluster.postgres.ca, ca)
    environ = cluster.environ(DB_SSL_ROOT_CERT=str(ca), DB_SECRET_ID=None, DATABASE_URL=None)
    if admin:
        secret = json.loads(cluster.postgres.admin_secret.read_text())
        environ |= {"DB_USER": secret["username"], "DB_PASSWORD": secret["password"]}
    return environ


def test_the_owners_jobs(cluster: LocalCluster, operations: Image) -> None:
    scratch = SCRATCH if BARE else operations.folder
    environ = contract(cluster, operations, admin=True)
    clients = find_binaries(17, cluster.postgres.home).tool("pg_dump").parent  # the image has PostgreSQL's own
    environ |= {"PG_BINDIR": str(clients), "BACKUP_DIR": str(scratch / "backups")}
    assert "Usage" in operations.run(json.loads(operations.dockerfile.last("CMD")), {}).stdout
    migrated = operations.run(["python", "-m", "operations", "migrate", "up"], environ)
    assert migrated.returncode == 0, migrated.stderr
    assert cluster.execute("SELECT count(*) FROM public.schema_migrations") == [(1,)]
    made = operations.run(["python", "-m", "operations", "backup", "create"], environ)
    assert made.returncode == 0, made.stderr
    assert "shop_" in made.stdout + made.stderr


def test_the_application(cluster: LocalCluster, application: Image) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    environ = contract(cluster, application) | {"HOST": "127.0.0.1", "PORT": port}
    log = application.folder / "log"
    with log.open("w") as output:
        process = application.start(json.loads(application.dockerfile.last("CMD")), environ, stdout=output, stderr=output)
    with process, httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        try:
            assert _answers(client, process, "/readyz") == 200, log.read_text()
            healthy = application.run(application.dockerfile.healthcheck, {"PORT": port})
            assert healthy.returncode == 0, healthy.stderr
            assert application.run(application.dockerfile.healthcheck, {"PORT": "1"}).returncode != 0
        finally:
            process.terminate()
        assert process.wait(60) == 0
    assert "Traceback" not in log.read_text()


def test_nothing_can_be_written(application: Image) -> None:
    tries = "import os,sys\nprint([p for p in sys.argv[1:] if os.access(p, os.W_OK)])"
    places = ["/", "/tmp", "/etc", str(application.folder), str(application.folder / "app"), str(SCRATCH)]
    done = application.run(["python", "-c", tries, *places], {})
    if BARE:
        assert done.stdout == f"['{SCRATCH}']\n", done.stderr


def _answers(client: httpx.Client, process: subprocess.Popen[str], path: str) -> int:
    """The status, once it is 200; else the last one after a minute."""
    deadline, status = time.monotonic() + 60, 0
    while status != 200 and time.monotonic() < deadline and process.poll() is None:
        try:
            status = client.get(path, timeout=10).status_code
        except httpx.TransportError:
            time.sleep(0.05)
    return status
