"""What holds for every AWS stack, whatever its settings: each function yields a sentence for what does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from components.settings.stack import Settings
from tests.components.aws.limits import named, tagged
from tests.recorder import Recording, Registered

Broken = Iterator[str]

ANYWHERE = ("0.0.0.0/0", "::/0")
SECRET_NAME = re.compile(r"PASSWORD|PASSWD|TOKEN|DATABASE_URL|REDIS_URL|SECRET(?!_(IDS?|VERSION)$)")
NO_RESOURCE_RIGHTS = re.compile(
    r"ecr:GetAuthorizationToken|ssmmessages:\w+|xray:Put\w+|cloudwatch:PutMetricData|ec2:(Create|Describe|Delete|Assign|Unassign)\w+"
    r"|logs:(Describe|Create|Put|List|Get|Update|Delete)\w*(LogGroups|LogDelivery|LogDeliveries|ResourcePolic\w+)"
    r"|ecs:(ListTasks|DescribeTasks|ListServices|DescribeServices|DescribeTaskDefinition)|secretsmanager:GetRandomPassword"
)
"""Actions for which AWS knows no resource, or that only read names."""


def of(recording: Recording, ending: str) -> Iterator[Registered]:
    for resource in recording.resources.values():
        if resource.type.endswith(ending):
            yield resource


def private(recording: Recording, settings: Settings) -> Broken:
    """Nothing but the load balancer and the CDN answers the internet."""
    for resource in (*of(recording, "rds/instance:Instance"), *of(recording, "rds/clusterInstance:ClusterInstance")):
        if resource.inputs.get("publiclyAccessible") is not False:
            yield f"{resource.name} does not say publiclyAccessible: false"
    for resource in of(recording, "ecs/service:Service"):
        if resource.inputs["networkConfiguration"].get("assignPublicIp"):
            yield f"{resource.name} has a public address"
    for resource in of(recording, "ec2/subnet:Subnet"):
        if resource.inputs.get("mapPublicIpOnLaunch"):
            yield f"{resource.name} gives public addresses"
    for rule in of(recording, ":SecurityGroupIngressRule"):
        opened = {rule.inputs.get("cidrIpv4"), rule.inputs.get("cidrIpv6")} & set(ANYWHERE)
        if opened and not (rule.name.startswith("ingress-") and rule.inputs["fromPort"] in (80, 443)):
            yield f"{rule.name} lets the internet in"
    blocked = {resource.inputs["bucket"] for resource in of(recording, ":BucketPublicAccessBlock") if _all_blocked(resource)}
    for bucket in of(recording, "s3/bucket:Bucket"):
        if not blocked & {f"{bucket.name}-id", bucket.inputs.get("bucket"), f"{bucket.name}.bucket"}:
            yield f"{bucket.name} does not block public access"


def _all_blocked(resource: Registered) -> bool:
    keys = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    return all(resource.inputs.get(key) is True for key in keys)


ENCRYPTED: dict[str, tuple[str, ...]] = {
    "backup/vault:Vault": ("kmsKeyArn",),
    "cloudwatch/logGroup:LogGroup": ("kmsKeyId",),
    "ecr/repository:Repository": ("encryptionConfigurations",),
    "elasticache/replicationGroup:ReplicationGroup": (
        "atRestEncryptionEnabled",
        "transitEncryptionEnabled",
        "kmsKeyId",
        "authToken",
    ),
    "rds/cluster:Cluster": ("storageEncrypted", "kmsKeyId"),
    "secretsmanager/secret:Secret": ("kmsKeyId",),
    "sns/topic:Topic": ("kmsMasterKeyId",),
    "lambda/function:Function": ("kmsKeyArn",),
}
"""Arguments that must be there, by type."""


def encrypted(recording: Recording, settings: Settings) -> Broken:
    """Data at rest, with a key of the stack's own."""
    for kind, keys in ENCRYPTED.items():
        for resource in of(recording, kind):
            for key in keys:
                # a random password has no value on mocks: that the argument is given has to do
                if not resource.inputs.get(key) and not (key == "authToken" and key in resource.inputs):
                    yield f"{resource.name} has no {key}"
    for resource in of(recording, "rds/instance:Instance"):
        if not resource.inputs.get("storageEncrypted") and not resource.inputs.get("replicateSourceDb"):
            yield f"{resource.name} is not encrypted"
    rules = {resource.inputs["bucket"] for resource in of(recording, ":BucketServerSideEncryptionConfiguration")}
    if len(rules) < len(list(of(recording, "s3/bucket:Bucket"))):
        yield "a bucket has no encryption rule"
    for key in of(recording, "kms/key:Key"):
        if not key.inputs.get("enableKeyRotation"):
            yield f"{key.name} does not rotate"


def tls_only(recording: Recording, settings: Settings) -> Broken:
    """Nobody talks in the clear: database, proxy, cache, buckets, load balancer (HTTP only redirects, but for a dev service)."""
    aurora = settings.database.backend == "aurora"
    groups = list(of(recording, ":ClusterParameterGroup" if aurora else "rds/parameterGroup:ParameterGroup"))
    for group in groups:
        forced = [item["value"] for item in group.inputs["parameters"] if item["name"] == "rds.force_ssl"]
        if forced != ["1"]:
            yield f"{group.name} does not force TLS"
    if not groups:
        yield "there is no parameter group"
    for proxy in of(recording, "rds/proxy:Proxy"):
        if proxy.inputs.get("requireTls") is not True:
            yield f"{proxy.name} does not require TLS"
    denied = [policy.name for policy in of(recording, ":BucketPolicy") if "aws:SecureTransport" in str(policy.inputs["policy"])]
    if len(denied) < len(list(of(recording, "s3/bucket:Bucket"))):
        yield "a bucket takes requests without TLS"
    for listener in of(recording, "lb/listener:Listener"):
        if listener.inputs.get("protocol") == "HTTPS":
            if "TLS13-1-2" not in listener.inputs.get("sslPolicy", ""):
                yield f"{listener.name} has an old TLS policy"
        elif settings.tier != "dev" and listener.inputs["defaultActions"][0]["type"] != "redirect":
            yield f"{listener.name} serves HTTP"
    for distribution in of(recording, "cloudfront/distribution:Distribution"):
        if distribution.inputs["defaultCacheBehavior"]["viewerProtocolPolicy"] not in ("redirect-to-https", "https-only"):
            yield f"{distribution.name} serves HTTP"


def protected(recording: Recording, settings: Settings) -> Broken:
    """Everything of the database that holds data is protected when asked for; nothing is when nobody asked."""
    wanted = settings.database.deletion_protection
    for kind in ("rds/cluster:Cluster", "rds/instance:Instance"):
        for resource in of(recording, kind):
            replica = bool(resource.inputs.get("replicateSourceDb"))
            if bool(resource.inputs.get("deletionProtection")) != wanted and not replica:
                yield f"{resource.name} has deletionProtection {resource.inputs.get('deletionProtection')}"
            if bool(resource.options.protect) != wanted and not replica:
                yield f"{resource.name} has protect {resource.options.protect}"
    names = ("database-key", "database-application-secret")
    for resource in (*of(recording, "kms/key:Key"), *of(recording, "secretsmanager/secret:Secret")):
        if resource.name in names and bool(resource.options.protect) != wanted:
            yield f"{resource.name} has protect {resource.options.protect}"
    asked = [wanted, *(bucket.deletion_protection for bucket in settings.buckets.values())]
    asked += [settings.backups.deletion_protection] if settings.backups else []
    found = [resource.name for resource in recording.resources.values() if resource.options.protect]
    if found and not any(asked):
        yield f"nobody asked to protect {', '.join(found)}"


def backed_up(recording: Recording, settings: Settings) -> Broken:
    """Automated backups as long as asked; a last snapshot unless it is declined."""
    database, found = settings.database, 0
    for kind in ("rds/cluster:Cluster", "rds/instance:Instance"):
        for resource in of(recording, kind):
            if resource.inputs.get("replicateSourceDb"):
                continue
            found += 1
            if resource.inputs.get("backupRetentionPeriod") != database.backup.retention_days:
                yield f"{resource.name} keeps backups {resource.inputs.get('backupRetentionPeriod')} days"
            if resource.inputs.get("skipFinalSnapshot") is not (not database.final_backup):
                yield f"{resource.name} has skipFinalSnapshot {resource.inputs.get('skipFinalSnapshot')}"
            if not resource.inputs.get("finalSnapshotIdentifier"):
                yield f"{resource.name} has no finalSnapshotIdentifier"
    if found != 1:
        yield f"there are {found} databases"
    if bool(settings.backups) != any(resource.type.endswith(":Backups") for resource in recording.resources.values()):
        yield "logical backups are not as asked"


def alarmed(recording: Recording, settings: Settings) -> Broken:
    """Somebody is told: every alarm has an action, and the ones that matter are there."""
    alarms = list(of(recording, "cloudwatch/metricAlarm:MetricAlarm"))
    silent = [alarm.name for alarm in alarms if not alarm.inputs.get("alarmActions")]
    if silent:
        yield f"without an action: {', '.join(silent)}"
    text = json.dumps([alarm.inputs for alarm in alarms], default=str)
    database, public = settings.database, any(service.public for service in settings.services.values())
    storage = {"aurora": "ACUUtilization" if database.serverless else "FreeLocalStorage", "rds": "FreeStorageSpace"}
    wanted = {"CPUUtilization", "DatabaseConnections", "Deadlocks", "FreeableMemory", "MaximumUsedTransactionIDs"}
    wanted |= {storage[database.backend]}
    wanted |= {"ReplicaLag"} if database.readers else set()
    wanted |= {"DatabaseConnectionsBorrowLatency"} if database.pooling else set()
    wanted |= {"RunningTaskCount"} if settings.services else set()
    wanted |= {"UnHealthyHostCount", "HTTPCode_Target_5XX_Count"} if public else set()
    wanted |= {"InvocationDroppedCount"} if settings.backups else set()
    for metric in sorted(metric for metric in wanted if metric not in text):
        yield f"no alarm looks at {metric}"
    subscribed = [item.inputs["endpoint"] for item in of(recording, ":TopicSubscription")]
    if sorted(subscribed) != sorted(settings.alarms.emails):
        yield f"subscribed are {subscribed}"


def no_secret_in_plain(recording: Recording, settings: Settings) -> Broken:
    """Containers and functions are told where a secret is, never what it is."""
    for definition in of(recording, "ecs/taskDefinition:TaskDefinition"):
        for container in json.loads(definition.inputs["containerDefinitions"]):
            names = [item["name"] for item in container["environment"] if SECRET_NAME.search(item["name"])]
            if names:
                yield f"{definition.name} has {', '.join(names)} in plain"
    for function in of(recording, "lambda/function:Function"):
        names = [name for name in function.inputs.get("environment", {}).get("variables", {}) if SECRET_NAME.search(name)]
        if names:
            yield f"{function.name} has {', '.join(names)} in plain"
    for version in of(recording, "secretsmanager/secretVersion:SecretVersion"):
        # the cache's password is in the state anyway, encrypted: ElastiCache has no write-only argument for it
        if "secretString" in version.inputs and not version.name.startswith("cache-"):
            yield f"{version.name} keeps its value in the state"
    for resource in recording.resources.values():
        if {"password", "masterPassword"} & set(resource.inputs):
            yield f"{resource.name} has a password in the state"


def least_rights(recording: Recording, settings: Settings) -> Broken:
    """No role may do everything, and none on everything but where AWS knows nothing narrower."""
    for policy in (*of(recording, "iam/rolePolicy:RolePolicy"), *of(recording, "iam/policy:Policy")):
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
            resources = [statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"]
            wide = [action for action in actions if re.fullmatch(r"\*|\w+:\*", action)]
            if wide:
                yield f"{policy.name} allows {', '.join(wide)}"
            everywhere = [action for action in actions if not NO_RESOURCE_RIGHTS.fullmatch(action)]
            if "*" in resources and everywhere and statement["Effect"] == "Allow" and "Condition" not in statement:
                yield f"{policy.name} allows {', '.join(everywhere)} on everything"


def doors(recording: Recording, settings: Settings) -> Broken:
    """The ports of database and cache are open to security groups only."""
    ports = {settings.database.port, *((settings.cache.port,) if settings.cache else ())}
    for rule in of(recording, ":SecurityGroupIngressRule"):
        data = rule.name.startswith(("database-", "cache-")) or rule.inputs.get("fromPort") in ports
        if data and (not rule.inputs.get("referencedSecurityGroupId") or rule.inputs.get("cidrIpv4")):
            yield f"{rule.name} lets in more than one security group"
        if rule.inputs.get("ipProtocol") == "-1":
            yield f"{rule.name} opens every port"


ALL: tuple[Callable[[Recording, Settings], Broken], ...] = (
    *(private, encrypted, tls_only, protected, backed_up, alarmed, no_secret_in_plain, least_rights, doors, named, tagged),
)


def broken(recording: Recording, settings: Settings) -> list[str]:
    """Every sentence of every invariant that does not hold."""
    return [f"{rule.__name__}: {sentence}" for rule in ALL for sentence in rule(recording, settings)]
