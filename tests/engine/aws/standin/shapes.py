"""Ids and computed outputs as AWS would give them."""

from __future__ import annotations

import secrets
from typing import Any

from operations.review.create_only import Kind
from tests.engine.standin.kinds import AWS
from tests.engine.standin.shapes import random_outputs, template
from tests.engine.standin.world import World

ACCOUNT, REGION = "123456789012", "ap-northeast-1"

_ARNS = {
    "cloudwatch/logGroup:LogGroup": "logs:{r}:{a}:log-group:{n}",
    "ecs/cluster:Cluster": "ecs:{r}:{a}:cluster/{n}",
    "ecs/service:Service": "ecs:{r}:{a}:service/{cluster}/{n}",
    "iam/role:Role": "iam::{a}:role/{n}",
    "kms/key:Key": "kms:{r}:{a}:key/{n}",
    "lb/listener:Listener": "elasticloadbalancing:{r}:{a}:listener/app/{n}/{x}",
    "lb/listenerRule:ListenerRule": "elasticloadbalancing:{r}:{a}:listener-rule/app/{n}/{x}",
    "lb/loadBalancer:LoadBalancer": "elasticloadbalancing:{r}:{a}:loadbalancer/app/{n}/{x}",
    "lb/targetGroup:TargetGroup": "elasticloadbalancing:{r}:{a}:targetgroup/{n}/{x}",
    "rds/cluster:Cluster": "rds:{r}:{a}:cluster:{n}",
    "rds/clusterInstance:ClusterInstance": "rds:{r}:{a}:db:{n}",
    "rds/instance:Instance": "rds:{r}:{a}:db:{n}",
    "secretsmanager/secret:Secret": "secretsmanager:{r}:{a}:secret:{n}-{x}",
    "sns/topic:Topic": "sns:{r}:{a}:{n}",
}
_ID_IS_ARN = (
    *("acm/certificate:Certificate", "ecs/cluster:Cluster", "ecs/service:Service", "lb/listener:Listener"),
    *("lb/listenerRule:ListenerRule", "lb/loadBalancer:LoadBalancer", "lb/targetGroup:TargetGroup"),
    *("secretsmanager/secret:Secret", "sns/topic:Topic"),
)
_PREFIXES = {"ec2/securityGroup:SecurityGroup": "sg-", "ec2/subnet:Subnet": "subnet-", "ec2/vpc:Vpc": "vpc-"}
TASK_DEFINITION = "ecs/taskDefinition:TaskDefinition"


def id_of(token: str, name: str, kind: Kind, inputs: dict[str, Any]) -> str:
    """An id that no other resource has or had, except where AWS makes it from the fixed name."""
    short, fresh = token.partition(":")[2], secrets.token_hex(4)
    physical = inputs.get(kind.name) or (f"{inputs[f'{kind.name}Prefix']}{fresh}" if inputs.get(f"{kind.name}Prefix") else None)
    if short in _ID_IS_ARN:
        return _arn(short, physical or f"{name}-{fresh}", inputs)
    if short == TASK_DEFINITION:
        return str(inputs["family"])
    return f"{_PREFIXES[short]}{fresh}{fresh}" if short in _PREFIXES else physical or f"{name}-{fresh}"


_KEYS = {
    TASK_DEFINITION: ("arn",),
    "appautoscaling/policy:Policy": ("resourceId", "name"),
    "iam/rolePolicy:RolePolicy": ("role", "name"),
}
"""Types whose id alone (a family, a name) does not tell one from another."""


def key_of(token: str, id_: str, outputs: dict[str, Any]) -> str:
    """What tells a resource from all others of its type."""
    return "/".join(str(outputs[key]) for key in _KEYS.get(token.partition(":")[2], ())) or id_


def outputs_of(world: World, token: str, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Computed outputs of a *token* with this id."""
    if token.startswith("random:"):
        return random_outputs(token, inputs)
    short = token.partition(":")[2]
    found = template(world, token, id_)
    if "region" in found:
        found["region"] = REGION
    name = AWS[short].name if short in AWS else ""
    if name and short not in _ID_IS_ARN:
        found[name] = id_
    elif name:
        found[name] = id_.split("/")[-2] if short.startswith("lb/") else id_.rpartition(":")[2].rpartition("/")[2]
    if short == TASK_DEFINITION:
        family = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{id_}"
        return {**found, "arn": f"{family}:{world.count('revision', id_)}", "arnWithoutRevision": family}
    if short in _ARNS:
        found["arn"] = id_ if short in _ID_IS_ARN else _arn(short, id_, inputs)
    if short.startswith("lb/") and "arnSuffix" in found:
        found["arnSuffix"] = id_.partition(":loadbalancer/")[2] or id_.rpartition(":")[2]
    return found


def _arn(short: str, name: str, inputs: dict[str, Any]) -> str:
    pattern = _ARNS.get(short, "service:{r}:{a}:thing/{n}-{x}")
    cluster = str(inputs.get("cluster", "")).rpartition("/")[2]
    return "arn:aws:" + pattern.format(r=REGION, a=ACCOUNT, n=name, x=secrets.token_hex(3), cluster=cluster)
