"""What AWS refuses: each rule looks at one request and says the error, or nothing.

Only rules that an ordering or a setting of this program could break are here; each is what the real API answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.engine.aws.standin import database_refusals as databases
from tests.engine.standin.cloud import OnChange, OnCreate, Values
from tests.engine.standin.kinds import AWS
from tests.engine.standin.refusals import in_use
from tests.engine.standin.world import Record, World

NODES = ("rds/clusterInstance:ClusterInstance", "rds/instance:Instance")
"""They share their names."""


_NAMED_WITHIN = ("iam/rolePolicy:RolePolicy", "appautoscaling/policy:Policy")
"""Their names are unique within something else."""


def _name_is_free(world: World, token: str, inputs: Values) -> Iterator[str]:
    short = token.partition(":")[2]
    key = AWS[short].name if short in AWS else ""
    name = inputs.get(key)
    if not name:
        return
    family = NODES if short in NODES else (short,)
    if short not in _NAMED_WITHIN and any(record.facts.get(key) == name for record in world.all(*family)):
        yield f"{short} {name} already exists"
    if short.endswith(":LogGroup") and name in world.noted("log-group"):
        yield f"ResourceAlreadyExistsException: log group {name} was made by RDS"
    if short.endswith("secret:Secret") and name in world.noted("deleted-secret"):
        yield f"InvalidRequestException: a secret named {name} is already scheduled for deletion"


def _service(world: World, token: str, inputs: Values) -> Iterator[str]:
    """ECS: a target group must hang on a listener, a capacity provider on the cluster."""
    if not token.endswith("ecs/service:Service"):
        return
    attached = str([record.inputs for record in world.all("lb/listener:Listener", "lb/listenerRule:ListenerRule")])
    for balancer in inputs.get("loadBalancers", ()):
        if balancer["targetGroupArn"] not in attached:
            yield "InvalidParameterException: the target group does not have an associated load balancer"
    offered = str([record.inputs for record in world.all(":ClusterCapacityProviders")])
    for strategy in inputs.get("capacityProviderStrategies", ()):
        if strategy["capacityProvider"] not in offered:
            yield f"InvalidParameterException: the capacity provider {strategy['capacityProvider']} is not of this cluster"


def _scalable(world: World, token: str, inputs: Values) -> Iterator[str]:
    if not token.endswith("appautoscaling/target:Target"):
        return
    space, _, rest = str(inputs["resourceId"]).partition("/" if inputs["serviceNamespace"] == "ecs" else ":")
    there = [record.id.rpartition("/")[2] for record in world.all("ecs/service:Service", "rds/cluster:Cluster")]
    if rest.rpartition("/")[2] not in there:
        yield f"ValidationException: {space} {rest} does not exist"


def _rotation(world: World, token: str, inputs: Values) -> Iterator[str]:
    function = inputs.get("rotationLambdaArn")
    if not token.endswith(":SecretRotation") or not function:
        return
    allowed = [
        record for record in world.all("lambda/permission:Permission") if record.inputs["principal"].startswith("secretsmanager")
    ]
    if not allowed:
        yield "AccessDeniedException: Secrets Manager cannot invoke the specified Lambda function"
    if not any(record.inputs["secretId"] == inputs["secretId"] for record in world.all(":SecretVersion")):
        yield "InvalidRequestException: the secret has no value to rotate"


def _function(world: World, token: str, inputs: Values) -> Iterator[str]:
    """Lambda looks at its role when it is made: one without rights to a network interface is refused."""
    if token.endswith("lambda/function:Function") and inputs.get("vpcConfig"):
        role = str(inputs["role"]).rpartition("/")[2]
        rights = [record.inputs for record in world.all(":RolePolicyAttachment", ":RolePolicy") if record.inputs["role"] == role]
        if not re.search("LambdaVPCAccess|ec2:CreateNetworkInterface", str(rights)):
            yield "InvalidParameterValueException: the execution role may not call CreateNetworkInterface on EC2"


def _access_logs(world: World, token: str, inputs: Values) -> Iterator[str]:
    if token.endswith("lb/loadBalancer:LoadBalancer") and inputs.get("accessLogs", {}).get("enabled"):
        bucket = inputs["accessLogs"]["bucket"]
        if not any(record.inputs["bucket"] == bucket for record in world.all(":BucketPolicy")):
            yield f"InvalidConfigurationRequest: access denied for bucket {bucket}"


def _protected(world: World, record: Record, state: Values) -> Iterator[str]:
    if record.type.endswith(":LoadBalancer") and record.facts.get("enableDeletionProtection"):
        yield f"OperationNotPermitted: load balancer {record.id} cannot be deleted because deletion protection is enabled"


_REFERENCED: dict[str, tuple[str, ...]] = {
    "rds/clusterParameterGroup:ClusterParameterGroup": ("dbClusterParameterGroupName",),
    "rds/parameterGroup:ParameterGroup": ("parameterGroupName", "dbParameterGroupName", "dbInstanceParameterGroupName"),
    "rds/subnetGroup:SubnetGroup": ("dbSubnetGroupName",),
    "elasticache/subnetGroup:SubnetGroup": ("subnetGroupName",),
    "elasticache/parameterGroup:ParameterGroup": ("parameterGroupName",),
    **dict.fromkeys(("ec2/securityGroup:SecurityGroup", "ec2/subnet:Subnet", "ec2/vpc:Vpc"), ()),
    **dict.fromkeys(("lb/targetGroup:TargetGroup", "acm/certificate:Certificate"), ()),
}
"""What cannot be deleted while it is used, and the properties that name it; none where its id is found nowhere else."""


CREATE: tuple[OnCreate, ...] = (_name_is_free, _service, _scalable, _rotation, _function, _access_logs, *databases.CREATE)
UPDATE: tuple[OnChange, ...] = databases.UPDATE
DELETE: tuple[OnChange, ...] = (_protected, in_use(_REFERENCED, same_service=True), *databases.DELETE)
