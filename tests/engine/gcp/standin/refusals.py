"""What Google Cloud refuses: each rule looks at one request and says the error, or nothing.

Only rules that an ordering or a setting of this program could break are here; each is what the real API answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.engine.gcp.standin import database_refusals as databases
from tests.engine.gcp.standin.facts import INSTANCE
from tests.engine.gcp.standin.shapes import GRANTS
from tests.engine.standin.cloud import OnChange, OnCreate, Values, short
from tests.engine.standin.kinds import GCP
from tests.engine.standin.refusals import in_use, texts
from tests.engine.standin.world import Record, World

APIS = {
    **{"artifactregistry": "artifactregistry", "cloudrunv2": "run", "cloudscheduler": "cloudscheduler", "compute": "compute"},
    **{"dns": "dns", "kms": "cloudkms", "logging": "logging", "memorystore": "memorystore", "monitoring": "monitoring"},
    **{"networkconnectivity": "networkconnectivity", "redis": "redis", "secretmanager": "secretmanager", "sql": "sqladmin"},
    **{"serviceaccount": "iam", "servicenetworking": "servicenetworking", "storage": "storage"},
    **{"certificatemanager": "certificatemanager"},
}
"""Module of the SDK to the API that it calls."""


def _api_enabled(world: World, token: str, inputs: Values) -> Iterator[str]:
    api = APIS.get(short(token).partition("/")[0])
    enabled = [record.inputs["service"] for record in world.all("projects/service:Service")]
    if token.startswith("gcp:") and api and f"{api}.googleapis.com" not in enabled:
        yield f"Error 403: {api}.googleapis.com has not been used in this project before or it is disabled: {token}"


_NAMED_WITHIN = ("dns/recordSet:RecordSet", "sql/database:Database", "sql/user:User")


def _name_is_free(world: World, token: str, inputs: Values) -> Iterator[str]:
    kind = short(token)
    key = GCP[kind].name if kind in GCP else ""
    name, within = inputs.get(key), inputs.get("instance", inputs.get("managedZone"))
    for record in world.all(kind):
        same = name and record.facts.get(key) == name and record.facts.get("type") == inputs.get("type")
        if same and (kind not in _NAMED_WITHIN or record.facts.get("instance", record.facts.get("managedZone")) == within):
            yield f"Error 409: {kind} {name} already exists"
    if kind == "kms/keyRing:KeyRing" and name in world.noted("key-ring"):
        yield f"Error 409: KeyRing {name} already exists"
    if kind == "logging/projectBucketConfig:ProjectBucketConfig" and name in world.noted("deleted-log-bucket"):
        yield f"Error 400: log bucket {name} is pending deletion"


def _granted_once(world: World, token: str, inputs: Values) -> Iterator[str]:
    """A grant is a set: two resources for the same one would delete it for each other."""
    if token.endswith(GRANTS):
        for record in world.all(short(token)):
            if record.inputs == inputs:
                yield f"{record.name} grants this already: {inputs['role']} to {inputs['member']}"


def _one_connection(world: World, token: str, inputs: Values) -> Iterator[str]:
    for record in world.all("servicenetworking/connection:Connection"):
        if token == record.type and record.inputs["network"] == inputs["network"]:
            yield "Cannot modify allocated ranges in CreateConnection. Please use UpdateConnection."


def _secrets(world: World, token: str, inputs: Values) -> Iterator[str]:
    """Cloud Run reads every secret when a revision or job is made, as the container's own account."""
    if token.endswith(("cloudrunv2/service:Service", "cloudrunv2/job:Job")):
        yield from _secrets_of(world, inputs)


def _secrets_of(world: World, inputs: Values) -> Iterator[str]:
    template = inputs["template"]
    template = template.get("template", template)
    member = f"serviceAccount:{template.get('serviceAccount')}"
    grants = [item.inputs for item in world.all("secretmanager/secretIamMember:SecretIamMember")]
    wanted = [env["valueSource"]["secretKeyRef"] for env in template["containers"][0].get("envs", ()) if "valueSource" in env]
    for volume in template.get("volumes", ()):
        for item in (volume.get("secret") or {}).get("items", ()):
            wanted.append({"secret": volume["secret"]["secret"], "version": item["version"]})
    for secret, version in {(item["secret"], item["version"]) for item in wanted}:
        id_ = secret if secret.startswith("projects/") else f"projects/reference/secrets/{secret}"
        if not [grant for grant in grants if grant["secretId"] in (id_, secret) and grant["member"] == member]:
            yield f"Permission denied on secret: {id_}/versions/{version} for Revision service account {member}"
        ours = [item for item in world.all("secretmanager/secret:Secret") if item.id == id_]
        versions = [item for item in world.all(":SecretVersion") if item.inputs["secret"] == id_]
        found = [item for item in versions if item.outputs["version"] == version]
        if ours and not found:
            yield f"Secret {id_}/versions/{version} was not found"
        if any(item.facts.get("enabled") is False for item in found):
            yield f"Secret {id_}/versions/{version} is in DISABLED state"


def _job(world: World, token: str, inputs: Values) -> Iterator[str]:
    if token.endswith("cloudrunv2/job:Job"):
        sent = inputs.get("runExecutionToken") or ""
        if len(f"{inputs['name']}{sent}") >= 63:
            yield f"the sum of job name and token length must be fewer than 63 characters: {inputs['name']}"


def _traffic(world: World, token: str, inputs: Values) -> Iterator[str]:
    if not token.endswith("cloudrunv2/service:Service"):
        return
    targets = inputs.get("traffics", ())
    if targets and sum(item.get("percent", 0) for item in targets) != 100:
        yield "traffic percentages must add up to 100"
    made = int(world.noted("revision").get(inputs["name"], 0))
    for revision in (item["revision"] for item in targets if item.get("revision")):
        number = re.fullmatch(rf"{inputs['name']}-(\d+)-abc", revision)
        if not number or int(number[1]) > made:
            yield f"Revision named '{revision}' does not exist"


def _topped(world: World, token: str, inputs: Values) -> Iterator[str]:
    """A serverless backend takes no health check, and a forwarding rule and its backends have the same scheme."""
    if token.endswith("compute/backendService:BackendService") and inputs.get("healthChecks"):
        yield "a backend service with a serverless network endpoint group takes no health check"
    if token.endswith(":GlobalForwardingRule"):
        schemes = {item.inputs.get("loadBalancingScheme") for item in world.all(":BackendService")}
        if schemes - {inputs.get("loadBalancingScheme")}:
            yield f"the forwarding rule's scheme differs from its backends' {schemes}"


def _key(world: World, token: str, inputs: Values) -> Iterator[str]:
    """Cloud SQL uses a key only when its own account may."""
    key = inputs.get("encryptionKeyName") if token.endswith(INSTANCE) else None
    if key and not [item for item in world.all(":CryptoKeyIAMMember") if item.inputs["cryptoKeyId"] == key]:
        yield f"the service account of Cloud SQL has no access to {key}"


def _protected(world: World, record: Record, state: Values) -> Iterator[str]:
    """The provider's own brake. It goes by its state, and its default is on."""
    kind = short(record.type)
    if kind in ("cloudrunv2/service:Service", "cloudrunv2/job:Job") and state.get("deletionProtection", True):
        yield f"cannot destroy {kind} without setting deletion_protection=false: {record.id}"
    if kind in ("secretmanager/secret:Secret", "redis/instance:Instance") and state.get("deletionProtection"):
        yield f"cannot destroy {kind} without setting deletion_protection=false: {record.id}"
    if kind == "memorystore/instance:Instance" and record.facts.get("deletionProtectionEnabled", True):
        yield f"deletion protection is enabled on {record.id}"


def _not_empty(world: World, record: Record, state: Values) -> Iterator[str]:
    """Every bucket of ours has something in it."""
    if record.type.endswith("storage/bucket:Bucket") and not state.get("forceDestroy"):
        yield f"Error 409: the bucket you tried to delete is not empty: {record.id}"


def _connection_in_use(world: World, record: Record, state: Values) -> Iterator[str]:
    if not record.type.endswith("servicenetworking/connection:Connection"):
        return
    users = [item.name for item in world.all(INSTANCE, "redis/instance:Instance") if _in(item, record.inputs["network"])]
    if users:
        yield f"Failed to delete connection; Producer services (e.g. CloudSQL, Redis) are still using it: {', '.join(users)}"


def _in(record: Record, network: str) -> bool:
    return network in texts(record.inputs)


_REFERENCED: dict[str, tuple[str, ...]] = {
    "compute/backendBucket:BackendBucket": (),
    "compute/backendService:BackendService": (),
    "compute/globalAddress:GlobalAddress": ("ipAddress",),
    "compute/managedSslCertificate:ManagedSslCertificate": ("sslCertificates",),
    "compute/network:Network": (),
    "compute/regionNetworkEndpointGroup:RegionNetworkEndpointGroup": ("backends",),
    "compute/securityPolicy:SecurityPolicy": ("securityPolicy", "edgeSecurityPolicy"),
    "compute/sSLPolicy:SSLPolicy": ("sslPolicy",),
    "compute/subnetwork:Subnetwork": (),
    "compute/targetHttpProxy:TargetHttpProxy": ("target",),
    "compute/targetHttpsProxy:TargetHttpsProxy": ("target",),
    "compute/uRLMap:URLMap": ("urlMap",),
    "logging/projectBucketConfig:ProjectBucketConfig": (),
    "monitoring/notificationChannel:NotificationChannel": ("notificationChannels",),
}
"""What cannot be deleted while it is used, and the properties that name it; none where its id is found nowhere else."""

CREATE: tuple[OnCreate, ...] = (
    *(_api_enabled, _name_is_free, _granted_once, _one_connection, _secrets, _job, _traffic, _topped, _key),
    *databases.CREATE,
)
UPDATE: tuple[OnChange, ...] = (
    *(lambda world, record, inputs, rule=rule: rule(world, record.type, inputs) for rule in (_secrets, _job, _traffic)),
    *databases.UPDATE,
)
DELETE: tuple[OnChange, ...] = (
    *(_protected, _not_empty, _connection_in_use),
    in_use(_REFERENCED, same_service=False, called=("selfLink", "address")),
    *databases.DELETE,
)
