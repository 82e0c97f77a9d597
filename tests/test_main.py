"""The program on its real stack files: what they make, as a thin snapshot beside assertions on what matters."""

from __future__ import annotations

import json
import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.clouds import CLOUDS
from components.settings.table import insert
from tests.recorder import PROJECT, ROOT, Recording, main, record

STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
SNAPSHOTS = Path(__file__).parent / "snapshots"


def stack_file(stack: str) -> dict[str, Any]:
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in yaml.safe_load(text)["config"].items()}


def recorded(stack: str) -> Recording:
    return record(main, stack_file(stack), stack_name=stack)


UNTOLD = ("containerDefinitions", "dashboardBody", "dashboardJson", "tags", "tagsAll", "labels", "userLabels")
"""Inputs that a thin snapshot leaves out: told elsewhere in it, or the business of other tests."""


def picture(recording: Recording) -> str:
    """A line per resource, by component; folders of this checkout and digests of its files shortened."""
    from components.local.host.paths import home_of

    lines = []
    for resource in recording.resources.values():
        parent = recording.parent_of(resource)
        untold = (*UNTOLD, "containers") if "template" in resource.inputs else UNTOLD
        inputs = {key: value for key, value in resource.inputs.items() if key not in untold}
        kind = resource.type.removeprefix("pulumi-python:dynamic/").removeprefix("managed-postgres:index:")
        text = json.dumps(inputs, sort_keys=True) if inputs else ""
        lines.append(f"{parent.name if parent else resource.name} | {kind} | {resource.name} | {text}".rstrip(" |"))
    text = "\n".join(sorted(lines)) + "\n"
    return re.sub(
        r"sha256:[0-9a-f]{8,}", "sha256:...", text.replace(str(home_of(ROOT)), "<home>").replace(str(ROOT), "<checkout>")
    )


@pytest.mark.parametrize("stack", STACKS)
def test_snapshot(stack: str) -> None:
    found, file = picture(recorded(stack)), SNAPSHOTS / f"{stack}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(found)
    assert found == file.read_text(), f"{stack} makes something else; look, then: UPDATE_SNAPSHOTS=1 pytest {__file__}"


def test_local_is_small_private_and_checked() -> None:
    recording = recorded("local")
    nodes = recording.of_type("PostgresNode")
    assert sorted(nodes) == ["database-node-1", "database-node-2"], "a primary and one hot standby"
    assert {node.inputs["address"] for node in nodes.values()} == {"127.0.0.1", "127.0.0.2"}, "loopback only"
    service = recording.resources["pulumi-python:dynamic/local:SupervisedProcess::service-api-process"]
    assert service.inputs["host"] == "127.0.0.1"
    assert service.inputs["environment"]["DB_SSL_MODE"] == "verify-full"
    assert set(service.inputs["secrets"]) == {"DB_USER", "DB_PASSWORD", "DATABASE_URL"}
    assert "DB_PASSWORD" not in service.inputs["environment"]


def test_the_migration_runs_before_the_service_as_the_owner() -> None:
    recording = recorded("local")
    migrate = recording.resources["pulumi-python:dynamic/local:JobRun::job-migrate-run"]
    assert migrate.inputs["environment"]["DB_USER"] == "reference_admin"
    service = recording.resources["pulumi-python:dynamic/local:SupervisedProcess::service-api-process"]
    assert service.inputs["environment"]["DB_USER"] == "reference_app"
    before = [resource._name for resource in service.options.depends_on]  # type: ignore[union-attr]
    assert "job-migrate" in before


def test_the_program_stays_short_and_knows_no_cloud() -> None:
    text = (ROOT / "__main__.py").read_text()
    assert len(text.splitlines()) <= 60
    assert not [name for name in CLOUDS if f"'{name}'" in text or f'"{name}"' in text]


def test_every_stack_file_is_of_a_cloud_that_is_here() -> None:
    for stack in STACKS:
        module = CLOUDS[stack_file(stack)["provider"]].module
        assert find_spec(module.rpartition(".")[0]), stack


def test_the_settings_table_of_the_readme_is_true() -> None:
    readme = (ROOT / "README.md").read_text()
    assert insert(readme) == readme, "run: make docs"
