"""Names and tags that AWS takes: for every type with a physical name, its property, a pattern and a length."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from components.settings.stack import Settings
from tests.recorder import Recording

_IDENTIFIER = r"[a-z](-?[a-z0-9])*"
"""Lower case, a letter first, no two hyphens in a row, none at the end."""
_WORD = r"[\w-]+"
_DOTTED = r"[\w.-]+"

NAMES: dict[str, tuple[str, str, int]] = {
    "appautoscaling/policy:Policy": ("name", r"[ -~]+", 256),
    "backup/plan:Plan": ("name", r"[\w.-]+", 50),
    "backup/selection:Selection": ("name", _DOTTED, 50),
    "backup/vault:Vault": ("name", r"[\w-]{2,}", 50),
    "cloudfront/originAccessControl:OriginAccessControl": ("name", r"\S+", 64),
    "cloudwatch/dashboard:Dashboard": ("dashboardName", _WORD, 255),
    "cloudwatch/eventRule:EventRule": ("name", _DOTTED, 64),
    "cloudwatch/logGroup:LogGroup": ("name", r"[\w./#-]+", 512),
    "cloudwatch/logMetricFilter:LogMetricFilter": ("name", r"[^:*]+", 512),
    "cloudwatch/metricAlarm:MetricAlarm": ("name", r"[ -~]+", 255),
    "ec2/securityGroup:SecurityGroup": ("name", r"(?!sg-)[\w .:/()#,@\[\]+=&;{}!$*-]+", 255),
    "ecr/repository:Repository": ("name", r"([a-z0-9]+([._-][a-z0-9]+)*/)*[a-z0-9]+([._-][a-z0-9]+)*", 256),
    "ecs/cluster:Cluster": ("name", _WORD, 255),
    "ecs/service:Service": ("name", _WORD, 255),
    "ecs/taskDefinition:TaskDefinition": ("family", _WORD, 255),
    "elasticache/parameterGroup:ParameterGroup": ("name", _IDENTIFIER, 255),
    "elasticache/replicationGroup:ReplicationGroup": ("replicationGroupId", _IDENTIFIER, 40),
    "elasticache/subnetGroup:SubnetGroup": ("name", r"[a-z0-9-]+", 255),
    "iam/role:Role": ("name", r"[\w+=,.@-]+", 64),
    "iam/rolePolicy:RolePolicy": ("name", r"[\w+=,.@-]+", 128),
    "kms/alias:Alias": ("name", r"alias/(?!aws/)[\w/-]+", 256),
    "lambda/function:Function": ("name", _WORD, 64),
    "lb/loadBalancer:LoadBalancer": ("name", r"(?!internal-)[a-zA-Z0-9](-?[a-zA-Z0-9])*", 32),
    "lb/targetGroup:TargetGroup": ("name", r"[a-zA-Z0-9](-?[a-zA-Z0-9])*", 32),
    "rds/cluster:Cluster": ("clusterIdentifier", _IDENTIFIER, 63),
    "rds/clusterInstance:ClusterInstance": ("identifier", _IDENTIFIER, 63),
    "rds/clusterParameterGroup:ClusterParameterGroup": ("name", _IDENTIFIER, 255),
    "rds/eventSubscription:EventSubscription": ("name", _WORD, 255),
    "rds/instance:Instance": ("identifier", _IDENTIFIER, 63),
    "rds/parameterGroup:ParameterGroup": ("name", _IDENTIFIER, 255),
    "rds/proxy:Proxy": ("name", r"[a-zA-Z](-?[a-zA-Z0-9])*", 63),
    "rds/proxyEndpoint:ProxyEndpoint": ("dbProxyEndpointName", r"[a-zA-Z](-?[a-zA-Z0-9])*", 63),
    "rds/subnetGroup:SubnetGroup": ("name", r"[a-z0-9 ._-]+", 255),
    "s3/bucket:Bucket": ("bucket", r"(?!xn--|sthree-)[a-z0-9][a-z0-9.-]+[a-z0-9](?<!-s3alias)", 63),
    "scheduler/schedule:Schedule": ("name", _DOTTED, 64),
    "scheduler/scheduleGroup:ScheduleGroup": ("name", _DOTTED, 64),
    "secretsmanager/secret:Secret": ("name", r"[\w/+=.@-]+", 512),
    "servicediscovery/privateDnsNamespace:PrivateDnsNamespace": ("name", r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]+", 253),
    "servicediscovery/service:Service": ("name", r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", 63),
    "sns/topic:Topic": ("name", _WORD, 256),
    "wafv2/webAcl:WebAcl": ("name", _WORD, 128),
}

PREFIXES = {
    "elasticache/parameterGroup:ParameterGroup": 229,
    "iam/role:Role": 38,
    "lb/loadBalancer:LoadBalancer": 6,
    "lb/targetGroup:TargetGroup": 6,
    "s3/bucket:Bucket": 37,
}
"""Length of a prefix where the provider adds 26 characters and the limit is tight."""

_TAG = re.compile(r"[\w .:/=+@-]*")


def takes_tags(token: str) -> bool:
    """Whether a resource of type *token* (``aws:rds/cluster:Cluster``) can carry tags."""
    module, cls_name = token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
    cls = getattr(import_module(f"pulumi_aws.{ {'lambda': 'lambda_'}.get(module, module) }"), cls_name)
    return "tags" in inspect.signature(cls._internal_init).parameters


def broken(token: str, inputs: dict[str, Any]) -> list[str]:
    """What AWS would not take in the names and tags of a *token* (``aws:rds/cluster:Cluster``)."""
    short, found = token.partition(":")[2], []
    key, pattern, length = NAMES.get(short, ("name", ".*", 1024))
    name, prefix = inputs.get(key), inputs.get(f"{key}Prefix")
    if name and (len(name) > length or not re.fullmatch(pattern, name)):
        found.append(f"{short}.{key} is '{name}' (at most {length} characters, {pattern})")
    most = PREFIXES.get(short, length - 26)
    if prefix and (len(prefix) > most or not re.fullmatch(pattern, prefix.rstrip("-"))):
        found.append(f"{short}.{key}Prefix is '{prefix}' (at most {most} characters, {pattern})")
    snapshot = inputs.get("finalSnapshotIdentifier")
    if snapshot and not re.fullmatch(r"[a-zA-Z](-?[a-zA-Z0-9]){0,254}", snapshot):
        found.append(f"{short}.finalSnapshotIdentifier is '{snapshot}'")
    tags = inputs.get("tags") or {}
    if len(tags) > 50:
        found.append(f"{short} has {len(tags)} tags")
    for tag, value in tags.items():
        if len(tag) > 128 or len(value) > 256 or not (_TAG.fullmatch(tag) and _TAG.fullmatch(value)) or tag.startswith("aws:"):
            found.append(f"{short} has the tag {tag}={value}")
    return found


_NOT_UNIQUE = (":Record", "appautoscaling/policy:Policy", ":RolePolicy")
"""Their names are unique within something else only."""


def named(recording: Recording, settings: Settings) -> Iterator[str]:
    """Names and tags that AWS takes, and no two resources of one type with the same name."""
    seen: set[tuple[str, str]] = set()
    for resource in recording.resources.values():
        yield from broken(resource.type, resource.inputs)
        key = NAMES.get(resource.type.partition(":")[2], ("name", "", 0))[0]
        name = (resource.type, str(resource.inputs.get(key)))
        if (
            resource.inputs.get(key)
            and resource.type.startswith("aws:")
            and not resource.type.endswith(_NOT_UNIQUE)
            and name in seen
        ):
            yield f"{name} is there twice"
        seen.add(name)


def tagged(recording: Recording, settings: Settings) -> Iterator[str]:
    """Everything that can carry tags says whose it is."""
    for resource in recording.resources.values():
        own = resource.type.startswith("aws:") and takes_tags(resource.type)
        if own and (resource.inputs.get("tags") or {}).get("app") != settings.app:
            yield f"{resource.name} has no tags"
