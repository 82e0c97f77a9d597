"""What holds for every Google stack, whatever its settings: each function yields a sentence for what does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from components.settings.stack import Settings
from tests.components.gcp.limits import labelled, named
from tests.recorder import Recording, Registered

Broken = Iterator[str]

SECRET_NAME = re.compile(r"PASSWORD|PASSWD|TOKEN|DATABASE_URL|REDIS_URL|SECRET(?!_(IDS?|VERSION)$)")
INSTANCE = "sql/databaseInstance:DatabaseInstance"
RUNS = ("cloudrunv2/service:Service", "cloudrunv2/job:Job")
GRANT = re.compile(r"I[aA][mM]Member$")
BOUND = ("roles/cloudsql.client", "roles/cloudsql.instanceUser", "roles/memorystore.dbConnectionUser")
"""Rights that Google has on the project only; a condition binds them to the one instance."""
TOO_MUCH = re.compile(r"roles/(owner|editor|viewer)|roles/[\w.]+\.(admin|serviceAgent)$")
NARROW = {
    "secretmanager": "roles/secretmanager.secretAccessor",
    "storage": "roles/storage.object(User|Viewer|Admin)",
    "cloudrunv2": "roles/run.invoker",
    "kms": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
}
"""Module to the rights that may be given on one of its resources."""


def of(recording: Recording, *endings: str) -> Iterator[Registered]:
    for resource in recording.resources.values():
        if resource.type.startswith("gcp:") and resource.type.endswith(endings):
            yield resource


def primaries(recording: Recording) -> list[Registered]:
    return [resource for resource in of(recording, INSTANCE) if not resource.inputs.get("masterInstanceName")]


def private(recording: Recording, settings: Settings) -> Broken:
    """Nothing but the load balancer, and in dev a run.app address, answers the internet."""
    for resource in of(recording, INSTANCE):
        addresses = resource.inputs["settings"]["ipConfiguration"]
        if addresses.get("ipv4Enabled") is not False or addresses.get("authorizedNetworks"):
            yield f"{resource.name} has a public address"
        ways = [bool(addresses.get("privateNetwork")), any(item.get("pscEnabled") for item in addresses.get("pscConfigs", ()))]
        if ways != [settings.network.private_access == "peering", settings.network.private_access == "psc"]:
            yield f"{resource.name} is reached by {ways}"
    for resource in of(recording, "cloudrunv2/service:Service"):
        service = settings.services[resource.name.removeprefix("service-").removesuffix("-run")]
        wanted = "ALL" if not service.domain else "INTERNAL_LOAD_BALANCER"
        wanted = wanted if service.public else "INTERNAL_ONLY"
        if resource.inputs["ingress"] != f"INGRESS_TRAFFIC_{wanted}":
            yield f"{resource.name} lets in {resource.inputs['ingress']}"
        if bool(resource.inputs.get("invokerIamDisabled")) != service.public:
            yield f"{resource.name} has invokerIamDisabled {resource.inputs.get('invokerIamDisabled')}"
        if bool(resource.inputs.get("defaultUriDisabled")) != bool(service.public and service.domain):
            yield f"{resource.name} has defaultUriDisabled {resource.inputs.get('defaultUriDisabled')}"
    for resource in of(recording, "storage/bucket:Bucket"):
        if resource.inputs.get("publicAccessPrevention") != "enforced" or not resource.inputs.get("uniformBucketLevelAccess"):
            yield f"{resource.name} can be made public"
    for resource in of(recording, "compute/subnetwork:Subnetwork"):
        if not resource.inputs.get("privateIpGoogleAccess"):
            yield f"{resource.name} reaches Google through the internet only"


def encrypted(recording: Recording, settings: Settings) -> Broken:
    """Nobody talks in the clear: database and replicas, cache, load balancer. Keys of our own are used and rotate."""
    for resource in of(recording, INSTANCE):
        if resource.inputs["settings"]["ipConfiguration"].get("sslMode") != "ENCRYPTED_ONLY":
            yield f"{resource.name} takes connections without TLS"
    for resource in primaries(recording):
        if bool(resource.inputs.get("encryptionKeyName")) != settings.database.customer_managed_key:
            yield f"{resource.name} has the key {resource.inputs.get('encryptionKeyName')}"
    for resource in of(recording, "kms/cryptoKey:CryptoKey"):
        if not resource.inputs.get("rotationPeriod"):
            yield f"{resource.name} does not rotate"
    for resource in of(recording, "redis/instance:Instance"):
        if resource.inputs.get("transitEncryptionMode") != "SERVER_AUTHENTICATION" or not resource.inputs.get("authEnabled"):
            yield f"{resource.name} takes connections without TLS or password"
    for resource in of(recording, "memorystore/instance:Instance"):
        if (resource.inputs.get("transitEncryptionMode"), resource.inputs.get("authorizationMode")) != (
            "SERVER_AUTHENTICATION",
            "IAM_AUTH",
        ):
            yield f"{resource.name} takes connections without TLS or identity"
    modern = [resource for resource in of(recording, ":SSLPolicy") if resource.inputs.get("minTlsVersion") == "TLS_1_2"]
    if len(modern) < len(list(of(recording, ":TargetHttpsProxy"))):
        yield "the load balancer takes old TLS"
    for resource in of(recording, ":TargetHttpProxy"):
        maps = [item.inputs for item in of(recording, ":URLMap") if resource.inputs["urlMap"] in (f"{item.name}-id", item.name)]
        maps = maps or [item.inputs for item in of(recording, ":URLMap") if str(resource.inputs["urlMap"]).startswith(item.name)]
        if not any((item.get("defaultUrlRedirect") or {}).get("httpsRedirect") for item in maps):
            yield f"{resource.name} serves HTTP"


def protected(recording: Recording, settings: Settings) -> Broken:
    """Everything of the database that holds data is protected at every level when asked for; nothing is when nobody asked."""
    wanted = settings.database.deletion_protection
    for resource in primaries(recording):
        levels = (
            bool(resource.inputs.get("deletionProtection", True)),
            bool(resource.inputs["settings"].get("deletionProtectionEnabled")),
            bool(resource.options.protect),
        )
        if set(levels) != {wanted}:
            yield f"{resource.name} has the protections {levels}"
    for resource in of(recording, "sql/database:Database", "kms/cryptoKey:CryptoKey", "secretmanager/secret:Secret"):
        if resource.name.startswith("database-") and bool(resource.options.protect) != wanted:
            yield f"{resource.name} has protect {resource.options.protect}"
    for resource in of(recording, "sql/database:Database", "sql/user:User"):
        if resource.inputs.get("deletionPolicy") != "ABANDON":
            yield f"{resource.name} would be dropped, which PostgreSQL refuses"
    for resource in of(recording, *RUNS):
        if resource.inputs.get("deletionProtection") is not False:
            yield f"{resource.name} cannot be taken out of the stack file"
    asked = [wanted, *(bucket.deletion_protection for bucket in settings.buckets.values())]
    asked += [settings.backups.deletion_protection] if settings.backups else []
    found = [resource.name for resource in recording.resources.values() if resource.options.protect]
    if found and not any(asked):
        yield f"nobody asked to protect {', '.join(found)}"


def backed_up(recording: Recording, settings: Settings) -> Broken:
    """Automated backups as long as asked, recovery to any second, a last backup unless it is declined; none on replicas."""
    database, found = settings.database, primaries(recording)
    if len(found) != 1:
        yield f"there are {len(found)} databases"
    for resource in found:
        asked, backup = resource.inputs["settings"], resource.inputs["settings"]["backupConfiguration"]
        if not (backup.get("enabled") and backup.get("pointInTimeRecoveryEnabled")):
            yield f"{resource.name} has no backups"
        if backup["backupRetentionSettings"]["retainedBackups"] != database.backup.retention_days:
            yield f"{resource.name} keeps {backup['backupRetentionSettings']['retainedBackups']} backups"
        if not 1 <= backup["transactionLogRetentionDays"] <= (35 if database.edition == "enterprise-plus" else 7):
            yield f"{resource.name} keeps logs {backup['transactionLogRetentionDays']} days"
        kept = (bool(asked.get("retainBackupsOnDelete")), bool((asked.get("finalBackupConfig") or {}).get("enabled")))
        if set(kept) != {database.final_backup}:
            yield f"{resource.name} keeps after its end {kept}"
    for resource in of(recording, INSTANCE):
        if resource not in found and resource.inputs["settings"].get("backupConfiguration"):
            yield f"{resource.name} is a replica with backups"
    if bool(settings.backups) != any(resource.type.endswith(":Backups") for resource in recording.resources.values()):
        yield "logical backups are not as asked"


def sized(recording: Recording, settings: Settings) -> Broken:
    """Edition always said and fit for the machine; replicas like their primary; the disk may grow and is never sent back."""
    [primary] = primaries(recording)
    for resource in of(recording, INSTANCE):
        asked = resource.inputs["settings"]
        plus = asked.get("edition") == "ENTERPRISE_PLUS"
        if asked.get("edition") not in ("ENTERPRISE", "ENTERPRISE_PLUS") or plus != ("perf-optimized" in asked["tier"]):
            yield f"{resource.name} is {asked['tier']} in edition {asked.get('edition')}"
        if [asked[key] for key in ("tier", "edition")] != [primary.inputs["settings"][key] for key in ("tier", "edition")]:
            yield f"{resource.name} is not like its primary"
        if not asked.get("diskAutoresize") or "settings.diskSize" not in (resource.options.ignore_changes or ()):
            yield f"{resource.name} sends its disk's size"
        names = [flag["name"] for flag in asked["databaseFlags"]]
        if names != sorted(set(names)):
            yield f"{resource.name} has its flags in no order"


def alarmed(recording: Recording, settings: Settings) -> Broken:
    """Somebody is told: every alarm has a channel, and the ones that matter are there."""
    alarms = list(of(recording, "monitoring/alertPolicy:AlertPolicy"))
    channels = [item.inputs["labels"]["email_address"] for item in of(recording, ":NotificationChannel")]
    if sorted(channels) != sorted(settings.alarms.emails):
        yield f"told are {channels}"
    if channels:
        silent = [alarm.name for alarm in alarms if len(alarm.inputs.get("notificationChannels", ())) != len(channels)]
        if silent:
            yield f"without a channel: {', '.join(silent)}"
    text = json.dumps([alarm.inputs for alarm in alarms], default=str)
    wanted = {"database/cpu/utilization", "database/memory", "database/disk", "num_backends", "transaction_id_utilization"}
    wanted |= {"replica"} if settings.database.readers else set()
    wanted |= {"run.googleapis.com/request_count", "run.googleapis.com/request_latencies"} if settings.services else set()
    wanted |= {"completed_execution_count"} if settings.jobs or settings.backups else set()
    for metric in sorted(metric for metric in wanted if metric not in text):
        yield f"no alarm looks at {metric}"


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
            if role not in BOUND or not resource.inputs.get("condition"):
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


def ordered(recording: Recording, settings: Settings) -> Broken:
    """The APIs stay on for others, and everything says what it waits for."""
    for resource in of(recording, "projects/service:Service"):
        if resource.inputs.get("disableOnDestroy") is not False:
            yield f"{resource.name} is switched off with the stack"
    for resource in of(recording, "cloudrunv2/service:Service"):
        template = resource.inputs["template"]
        if template.get("revision") or resource.inputs.get("launchStage"):
            yield f"{resource.name} names its revision or its launch stage"
        if sum(item["percent"] for item in resource.inputs["traffics"]) != 100:
            yield f"{resource.name} sends its requests nowhere"
    for resource in of(recording, "cloudrunv2/job:Job"):
        job = settings.jobs.get(resource.name.removeprefix("job-").removesuffix("-job"))
        if bool(resource.inputs.get("runExecutionToken")) != bool(job and job.when == "deploy"):
            yield f"{resource.name} has the token {resource.inputs.get('runExecutionToken')}"


ALL: tuple[Callable[[Recording, Settings], Broken], ...] = (
    *(
        private,
        encrypted,
        protected,
        backed_up,
        sized,
        alarmed,
        no_secret_in_plain,
        least_rights,
        doors,
        ordered,
        named,
        labelled,
    ),
)


def broken(recording: Recording, settings: Settings) -> list[str]:
    """Every sentence of every invariant that does not hold."""
    return [f"{rule.__name__}: {sentence}" for rule in ALL for sentence in rule(recording, settings)]
