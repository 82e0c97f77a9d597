"""Who may do, read and reach what, in every Google stack: each function yields a sentence for what does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.settings.stack import Settings
from tests.recorder import Recording, Registered

Broken = Iterator[str]

INSTANCE = "sql/databaseInstance:DatabaseInstance"
RUNS = ("cloudrunv2/service:Service", "cloudrunv2/job:Job")

SECRET_NAME = re.compile(r"PASSWORD|PASSWD|TOKEN|DATABASE_URL|REDIS_URL|SECRET(?!_(IDS?|VERSION)$)")
GRANT = re.compile(r"I[aA][mM]Member$")
BOUND = (
    "roles/cloudsql.client",
    "roles/cloudsql.instanceUser",
    "roles/memorystore.dbConnectionUser",
    "backups-drill-copies-role.name",
)
"""Rights that Google has on the project only; a condition binds them to the one instance, or to copies of drills."""
LISTS = "backups-drill-looks-role.name"
"""Looking at instances and backups, of the whole project because lists cannot be bound."""
TOO_MUCH = re.compile(r"roles/(owner|editor|viewer)|roles/[\w.]+\.(admin|serviceAgent)$")
NARROW = {
    "secretmanager": r"roles/secretmanager.secretAccessor|database-rotation-role\.name",
    "storage": "roles/storage.object(User|Viewer|Admin)",
    "cloudrunv2": "roles/run.invoker",
    "kms": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
}
"""Module to the rights that may be given on one of its resources."""


def of(recording: Recording, *endings: str) -> Iterator[Registered]:
    for resource in recording.resources.values():
        if resource.type.startswith("gcp:") and resource.type.endswith(endings):
            yield resource


def no_secret_in_plain(recording: Recording, settings: Settings) -> Broken:
    """Containers are told where a secret is and at which version, never what it is; what is written is written only."""
    for resource in of(recording, *RUNS):
        for container in resource.inputs["containers"].values():
            names = [name for name in container["environment"] if SECRET_NAME.search(name)]
            if names:
                yield f"{resource.name} has {', '.join(names)} in plain"
            floating = [name for name, secret in container["secrets"].items() if secret.endswith((":latest", ":None", ":"))]
            if floating:
                yield f"{resource.name} reads {', '.join(floating)} at whatever version"
    for version in of(recording, "secretmanager/secretVersion:SecretVersion"):
        if "secretData" in version.inputs:
            yield f"{version.name} keeps its value in the state"
        if version.inputs.get("deletionPolicy") != "ABANDON":
            yield f"{version.name} goes away under a revision that is rolled back to"
    for resource in of(recording, "sql/user:User", INSTANCE):
        if {"password", "rootPassword"} & set(resource.inputs):
            yield f"{resource.name} has a password in the state"


def least_rights(recording: Recording, settings: Settings) -> Broken:
    """Members only, on the single resource where Google can; nobody owns or edits the project, and nothing is for everybody."""
    for resource in recording.resources.values():
        if resource.type.startswith("gcp:") and re.search(r"I[aA][mM](Binding|Policy)$", resource.type):
            yield f"{resource.name} takes rights away from others"
        if not resource.type.startswith("gcp:") or not GRANT.search(resource.type):
            continue
        module, role = resource.type.split(":")[1].partition("/")[0], resource.inputs["role"]
        if str(resource.inputs["member"]) in ("allUsers", "allAuthenticatedUsers") or TOO_MUCH.match(role):
            yield f"{resource.name} gives {role} to {resource.inputs['member']}"
        if module == "projects":
            if role != LISTS and (role not in BOUND or not resource.inputs.get("condition")):
                yield f"{resource.name} gives {role} on the whole project"
        elif not re.fullmatch(NARROW.get(module, ""), role):
            yield f"{resource.name} gives {role}"
    accounts = [str(account) for account in _accounts(recording)]
    if not all(accounts) or len(set(accounts)) != len(accounts):
        yield "two workloads share an identity, or one has none"


def _accounts(recording: Recording) -> Iterator[str]:
    """The service account of each component that runs containers; a component's own jobs share one."""
    seen: dict[str, str] = {}
    for resource in of(recording, *RUNS):
        template = resource.inputs["template"]
        seen[resource.parent] = template.get("template", template).get("serviceAccount", "")
    yield from seen.values()


def doors(recording: Recording, settings: Settings) -> Broken:
    """A VPC of ours is closed both ways; what is opened is out, for one workload's tag, to single ports."""
    rules = list(of(recording, "compute/firewall:Firewall"))
    if settings.network.existing:
        if rules:
            yield f"rules in somebody else's network: {', '.join(rule.name for rule in rules)}"
        return
    closed = {
        rule.inputs["direction"] for rule in rules if rule.inputs.get("denies") == [{"protocol": "all"}] and _anywhere(rule)
    }
    if closed != {"INGRESS", "EGRESS"}:
        yield f"closed is only {closed}"
    for rule in (rule for rule in rules if rule.inputs.get("allows")):
        if rule.inputs["direction"] != "EGRESS":
            yield f"{rule.name} lets something in"
        if any(item["protocol"] != "tcp" or not item.get("ports") for item in rule.inputs["allows"]):
            yield f"{rule.name} opens every port"
        if rule.name != "network-google-apis" and len(rule.inputs.get("targetTags", ())) != 1:
            yield f"{rule.name} is for everybody"
        if _anywhere(rule) and not rule.name.endswith("-internet-egress"):
            yield f"{rule.name} leads anywhere"


def _anywhere(rule: Registered) -> bool:
    return "0.0.0.0/0" in (*rule.inputs.get("sourceRanges", ()), *rule.inputs.get("destinationRanges", ()))
