"""The Dockerfiles by the linter, and by what the clouds ask of them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from components.aws.postgres import CA_BUNDLE
from components.settings.workload import HealthCheck, Workload
from tests.images.image import NAMES, ROOT, Dockerfile, installed

IN_CONTAINERS = {
    "runtime": ["runtime"],
    "operations": [
        *(
            "runtime",
            "operations/backup",
            "operations/cloud",
            "operations/condition",
            "operations/data_move",
            "operations/doctor",
            "operations/drill",
        ),
        *("operations/migrate", "operations/restore", "operations/rotation", "operations/top", "operations/cli.py"),
        *("operations/connection.py", "operations/place.py", "operations/roles.py", "operations/application_login.py"),
    ],
}
"""What of the code runs in which image; the other operations are an operator's own."""
NOT_THERE = ("runtime/__main__.py", "runtime/app.py", "/local", "operations/cloud/gcp/services.py")
"""But for the application, which has an image of its own, this machine's provider, which has none, and deployments."""


@pytest.fixture(params=NAMES)
def dockerfile(request: pytest.FixtureRequest) -> Dockerfile:
    return Dockerfile(request.param)


def test_hadolint_finds_nothing(dockerfile: Dockerfile) -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", dockerfile.path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert "hadolint ignore" not in dockerfile.path.read_text()


def test_what_it_begins_with_and_fetches_cannot_change_unseen(dockerfile: Dockerfile) -> None:
    bases = [value.split()[0] for name, value in dockerfile.instructions if name == "FROM"]
    assert re.fullmatch(r"python:3\.\d+-slim-\w+@sha256:[0-9a-f]{64}", bases[0])
    assert set(bases[1:]) == {"base"}
    for name, value in dockerfile.instructions:
        if name == "ADD":  # RDS's own bundle changes as Amazon adds regions
            assert "--checksum=sha256:" in value or "https://truststore.pki.rds.amazonaws.com/" in value


def test_both_begin_with_the_same_image() -> None:
    assert len({Dockerfile(name).instructions[0] for name in NAMES}) == 1


def test_it_runs_as_the_user_that_ecs_is_told_and_writes_no_bytecode(dockerfile: Dockerfile) -> None:
    assert dockerfile.last("USER") == Workload.model_fields["user"].default
    assert dockerfile.environment["PYTHONDONTWRITEBYTECODE"] == "1"
    assert dockerfile.environment["SSL_CERT_FILE"] == "/etc/ssl/certs/ca-certificates.crt"


def test_it_brings_the_authorities_of_rds_where_containers_look(dockerfile: Dockerfile) -> None:
    assert any(name == "ADD" and value.endswith(f" {CA_BUNDLE}") for name, value in dockerfile.instructions)


def test_the_application_can_be_checked_from_inside() -> None:
    application = Dockerfile("runtime")
    assert "curl=" in " ".join(value for name, value in application.instructions if name == "RUN")
    assert application.healthcheck[-1].endswith(HealthCheck.model_fields["path"].default)


def test_there_is_a_pg_dump_for_each_version_that_a_stack_may_have() -> None:
    commands = " ".join(value for name, value in Dockerfile("operations").instructions if name == "RUN")
    assert re.findall(r"postgresql-client-(\d+)=\1\.\*", commands) == ["14", "15", "16", "17", "18"]


def test_only_what_is_copied_is_sent_to_the_builder(dockerfile: Dockerfile) -> None:
    lines = dockerfile.path.with_name("Dockerfile.dockerignore").read_text().splitlines()
    assert lines == ["*", "!requirements.txt", *(f"!{folder}" for folder in dockerfile.code), "**/__pycache__"]


def test_every_package_has_its_version_from_the_locked_ones(dockerfile: Dockerfile) -> None:
    locked = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    names = {re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower() for found in installed(dockerfile.requirements)}
    assert names <= locked
    assert all(not one.specifier or str(one.specifier).startswith("==") for one in dockerfile.requirements)


def test_every_import_of_what_runs_in_it_is_installed(dockerfile: Dockerfile) -> None:
    there = {
        "/".join(file.parts[:length]).removesuffix(".py")
        for one in installed(dockerfile.requirements)
        for file in one.files or ()
        for length in (1, 2, 3)
    }
    files = [
        file
        for place in IN_CONTAINERS[dockerfile.name]
        for file in ([ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py")) or [ROOT / place])
        if dockerfile.name == "runtime" or not any(part in file.as_posix() for part in NOT_THERE)
    ]
    missing = {
        f"{file.relative_to(ROOT)}: {module}"
        for file in files
        for module in _imports(file)
        if module not in there and module not in dockerfile.code
    }
    assert not missing


def _imports(file: Path) -> set[str]:
    """What *file* imports besides the standard library, as the path of its package; ``google`` is a folder of many."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module:
            plain |= {f"{node.module}.{alias.name}" for alias in node.names} if node.module == "google.cloud" else {node.module}
    parts = [name.split(".") for name in plain]
    found = {"/".join(one[: {"google": 3 if one[1:2] == ["cloud"] else 2}.get(one[0], 1)]) for one in parts}
    return found - set(sys.stdlib_module_names)
