"""``pulumi policy analyze`` on a state made from a stack: the real engine and pack, without a cloud, a plugin or a login."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from operations.engine.pulumi_cli import cache_home, ensure
from operations.engine.shims import search_path
from policies.judge import root_of
from policies.resource import UNKNOWN, Resource, Stack, edges
from tests.checkout import ROOT, pulumi_home

PACK = ROOT / "policies"


class Told(NamedTuple):
    """One thing that the engine reports."""

    rule: str
    level: str
    urn: str
    message: str


class Analysis(NamedTuple):
    """How ``pulumi policy analyze`` ended."""

    code: int
    told: tuple[Told, ...]
    errors: str


def analyze(folder: Path, stack: Stack, config: Path | None = None, pack: Path = PACK) -> Analysis:
    """What *pack*, configured by *config*, says of *stack*. *folder* is an empty one for the state and the engine's home."""
    file = folder / "state.json"
    file.write_text(json.dumps(state_of(stack)))
    cli = ensure()
    command = [cli.path, "policy", "analyze", "--file", file, "--policy-pack", pack, "--json"]
    if config:
        command += ["--policy-pack-config", config]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    environment = {
        **kept,
        "PATH": search_path(cli.path, cache=cache_home()),
        "PULUMI_HOME": str(pulumi_home(folder / "home")),
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    answer = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=110)
    events = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
    told = (event["policyEvent"] for event in events if "policyEvent" in event)
    return Analysis(
        answer.returncode,
        tuple(Told(one["policyName"], one["enforcementLevel"], one.get("resourceUrn", ""), one["message"]) for one in told),
        answer.stderr,
    )


def state_of(stack: Stack) -> Mapping[str, Any]:
    """*stack* as ``pulumi stack export`` would give it after a deployment: what a preview does not know is a text by then."""
    root = root_of(stack)
    entries: list[dict[str, Any]] = [{"urn": root, "type": "pulumi:pulumi:Stack", "custom": False}]
    entries += [_entry(resource, root) for resource in stack.resources if resource.urn != root]
    manifest = {"time": f"{stack.today}T00:00:00Z", "magic": "", "version": "v3.259.0"}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": _ordered(entries)}}


def _entry(resource: Resource, root: str) -> dict[str, Any]:
    custom = not resource.type.startswith("managed-postgres:")
    props = as_known(resource.props)
    return {
        "urn": resource.urn,
        "type": resource.type,
        "custom": custom,
        **({"id": f"{resource.name}-id"} if custom else {}),
        "inputs": props,
        "outputs": props,
        "parent": resource.parent or root,
        "protect": resource.protect,
        "dependencies": list(dict.fromkeys(edges(resource))),
        "propertyDependencies": {key: list(urns) for key, urns in resource.property_depends_on.items()},
    }


def _ordered(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Parents and dependencies first, which the engine insists on."""
    waiting, placed, result = {entry["urn"]: entry for entry in entries}, set[str](), list[dict[str, Any]]()

    def place(urn: str) -> None:
        if urn in placed or urn not in waiting:
            return
        placed.add(urn)
        entry = waiting[urn]
        for other in (entry.get("parent", ""), *entry.get("dependencies", ())):
            place(other)
        result.append(entry)

    for urn in waiting:
        place(urn)
    return result


def as_known(value: Any) -> Any:
    """*value* with a text where a preview does not know."""
    if value is UNKNOWN:
        return "known-after-deployment"
    if isinstance(value, Mapping):
        return {key: as_known(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_known(item) for item in value]
    return value
