"""What holds for every Google stack, whatever its settings: each function yields a sentence for what does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from components.settings.stack import Settings
from tests.components.gcp.limits import labelled, named
from tests.components.gcp.rights import INSTANCE, RUNS, doors, least_rights, no_secret_in_plain, of
from tests.recorder import Recording, Registered

Broken = Iterator[str]


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
