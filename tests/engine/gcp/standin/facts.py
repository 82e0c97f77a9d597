"""What Google works out at each change and what it remembers: revisions, executions, grown disks, names that are locked."""

from __future__ import annotations

from typing import Any

from tests.engine.standin.cloud import short
from tests.engine.standin.world import Record, World

Values = dict[str, Any]

INSTANCE = "sql/databaseInstance:DatabaseInstance"
BROKEN = "failing"
"""Topic of the notes: name of a job or service to why what starts there next fails."""


def described(world: World, token: str, inputs: Values, before: Values) -> Values:
    """Outputs of a *token* with *inputs* that are more than made up; *before* are the ones that it has."""
    kind = short(token)
    if kind == "cloudrunv2/service:Service":
        return _revisions(world, inputs, before)
    if kind == INSTANCE and before:
        settings = inputs["settings"]
        size = max(before["settings"].get("diskSize", 0), settings.get("diskSize", 0))
        return {"settings": {**settings, "diskSize": size}}
    return {}


def _revisions(world: World, inputs: Values, before: Values) -> Values:
    """Another template is another revision; it gets ready unless the test says why not."""
    name = inputs["name"]
    created = before.get("latestCreatedRevision", "")
    if inputs["template"] != before.get("template"):
        created = f"{name}-{world.count('revision', name):05d}-abc"
    ready = before.get("latestReadyRevision", "") if name in world.noted(BROKEN) else created
    return {"latestCreatedRevision": created, "latestReadyRevision": ready, "generation": str(world.count("generation", name))}


def begun(world: World, record: Record, before: Values) -> str | None:
    """A new token runs a job to its end; a new revision must get ready. A failure leaves both as they are now."""
    kind, name = short(record.type), str(record.inputs.get("name"))
    why = world.noted(BROKEN).get(name)
    if kind == "cloudrunv2/service:Service":
        named = all(item.get("revision") for item in record.inputs.get("traffics", ({},)))
        asked = not named or record.inputs["template"] != before.get("template")
        return f"Revision '{record.outputs['latestCreatedRevision']}' is not ready: {why}" if why and asked else None
    token = record.inputs.get("runExecutionToken")
    if kind != "cloudrunv2/job:Job" or not token or token == before.get("runExecutionToken"):
        return None
    number = world.count("execution", name)
    services = {item.inputs["name"]: image_of(item) for item in world.all("cloudrunv2/service:Service")}
    run = {"job": name, "image": image_of(record), "services": services, "failed": bool(why), "token": token}
    world.note("executions", f"{name}-{number:04d}", run)
    return f"Execution {name}-{token} has failed: {why}" if why else None


def image_of(record: Record) -> str:
    """The image of a service or a job."""
    template = record.inputs["template"]
    return str(template.get("template", template)["containers"][0]["image"])


def abandons(state: Values) -> bool:
    """``deletion_policy: ABANDON``: the provider only forgets the resource."""
    return state.get("deletionPolicy") == "ABANDON"


def remember_creation(world: World, token: str, inputs: Values) -> None:
    """Nothing is made by Google beside what is asked for."""


GOES_WITH: dict[str, tuple[tuple[str, ...], str, str]] = {
    INSTANCE: (("sql/database:Database", "sql/user:User"), "instance", "name"),
    "secretmanager/secret:Secret": (("secretmanager/secretVersion:SecretVersion",), "secret", "id"),
}
"""Type to the types that go with it, their property that names it, and by what."""


def remember_deletion(world: World, record: Record, state: Values) -> None:
    """A name is locked, or a last backup is kept; what was in it is gone too, also what Pulumi has long forgotten."""
    kind = short(record.type)
    if kind == INSTANCE:
        world.note("deleted-instance", str(record.facts["name"]))
        if record.facts["settings"].get("finalBackupConfig", {}).get("enabled"):
            world.note("final-backup", str(record.facts["name"]))
    if kind == "kms/keyRing:KeyRing":
        world.note("key-ring", str(record.facts["name"]))
    if kind == "logging/projectBucketConfig:ProjectBucketConfig":
        world.note("deleted-log-bucket", str(record.facts["bucketId"]))
    if kind in GOES_WITH:
        kinds, key, by = GOES_WITH[kind]
        name = record.id if by == "id" else record.facts[by]
        for item in list(world.all(*kinds)):
            if item.inputs[key] == name:
                world.remove(item)
