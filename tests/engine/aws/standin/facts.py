"""Outputs that AWS works out from the inputs, and what it remembers beside the resources."""

from __future__ import annotations

from typing import Any

from tests.engine.standin.world import Record, World

MINORS = {"14": "14.18", "15": "15.13", "16": "16.9", "17": "17.5", "18": "18.1"}
"""The minor that a bare major is resolved to."""


def actual(version: str, runs: str = "") -> str:
    """The version that a database runs when *version* (``17`` or ``17.4``) is asked for and it *runs* another one.

    A bare major takes the default minor "if the current minor version is lower" (API reference, ModifyDBInstance).
    """
    wanted = MINORS.get(version, version)
    stays = version in MINORS and runs.split(".")[0] == version and numbers(runs) > numbers(wanted)
    return runs if stays else wanted


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def described(world: World, token: str, inputs: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Outputs of a *token* with *inputs* that are more than made up; *before* are the ones that it has."""
    short = token.partition(":")[2]
    if short in ("rds/cluster:Cluster", "rds/instance:Instance"):
        found: dict[str, Any] = {}
        if inputs.get("engineVersion"):
            found["engineVersionActual"] = actual(inputs["engineVersion"], before.get("engineVersionActual", ""))
        if not (inputs.get("manageMasterUserPassword") or inputs.get("replicateSourceDb")):
            found["masterUserSecrets"] = []
        return found
    return {}


def remember_creation(world: World, token: str, inputs: dict[str, Any]) -> None:
    """RDS makes the log groups of its exports itself where nobody did before it."""
    short = token.partition(":")[2]
    folder = {"rds/cluster:Cluster": "cluster", "rds/instance:Instance": "instance"}.get(short)
    if folder is None:
        return
    identifier = inputs.get("clusterIdentifier") or inputs.get("identifier")
    there = {record.facts.get("name") for record in world.all("logGroup:LogGroup")}
    for export in inputs.get("enabledCloudwatchLogsExports", ()):
        name = f"/aws/rds/{folder}/{identifier}/{export}"
        if name not in there:
            world.note("log-group", name)


def remember_deletion(world: World, record: Record, state: dict[str, Any]) -> None:
    """Final snapshots and secrets in their recovery window outlive what they were of."""
    if state.get("finalSnapshotIdentifier") and not state.get("skipFinalSnapshot"):
        world.note("snapshot", str(state["finalSnapshotIdentifier"]))
    if record.type.endswith("secret:Secret") and state.get("recoveryWindowInDays", 30) != 0:
        world.note("deleted-secret", str(record.facts["name"]))
