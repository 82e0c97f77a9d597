"""Outputs that a cloud would compute, made up so that a program runs to its end without one."""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType
from typing import Any

from pulumi.dynamic import Resource as DynamicResource


def computed(token: str, name: str) -> dict[str, Any]:
    """Outputs of resource *name*: ``<name>.<output>`` for a text, 5432 for a number, and what has a shape of its own."""
    module = token.split(":")[1].partition("/")[0]
    texts, numbers = _outputs(token)
    found: dict[str, Any] = {key: f"{name}.{attribute}" for key, attribute in texts.items()} | dict.fromkeys(numbers, 5432)
    if "arn" in found:
        found["arn"] = f"arn:aws:{module}:ap-northeast-1:123456789012:{name}"
    return {**found, **_shaped(token, name)}


@cache
def _outputs(token: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Texts (the engine's name and Python's) and numbers among the outputs of the class of *token*."""
    cloud = token.partition(":")[0]
    if cloud in ("aws", "gcp", "random"):
        return _of_sdk(f"pulumi_{cloud}", token)
    for cls in DynamicResource.__subclasses__():
        if f"pulumi-python:{cls._resource_type_name}" == token:
            numbers = [key for key, hint in cls.__annotations__.items() if "[int]" in hint]
            return {key: key for key in cls.__annotations__ if key not in numbers}, tuple(numbers)
    return {}, ()


def _of_sdk(sdk: str, token: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """From the annotations of a class that was generated for Pulumi; what is optional, a list or a map is left out."""
    module, cls_name = token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
    loaded = sys.modules.get(f"{sdk}.{ {'lambda': 'lambda_'}.get(module, module) }")
    # another type: a module that is still to be loaded, at its first use
    cls = getattr(loaded, cls_name, None) if type(loaded) is ModuleType else None
    if cls is None:
        return _WITHOUT_CLASS.get(token, {}), ()
    texts: dict[str, str] = {}
    numbers: list[str] = []
    for attribute, value in vars(cls).items():
        hint = str(value.fget.__annotations__.get("return", "")) if isinstance(value, property) and value.fget else ""
        if not hint or "Optional" in hint or "Sequence" in hint or "Mapping" in hint:
            continue
        key = getattr(value.fget, "_pulumi_name", attribute)
        if "str]" in hint:
            texts[key] = attribute
        elif "int]" in hint:
            numbers.append(key)
    return texts, tuple(numbers)


_WITHOUT_CLASS = {"aws:wafv2/webAcl:WebAcl": {"arn": "arn"}}
"""Outputs of resources that the program makes without their class."""


def _shaped(token: str, name: str) -> dict[str, Any]:
    """Outputs whose shape a text cannot stand for."""
    record = {"domainName": name, "resourceRecordName": f"_x.{name}", "resourceRecordType": "CNAME", "resourceRecordValue": "_y"}
    admin = {"secretArn": SECRET, "kmsKeyId": f"{name}.secret-key", "secretStatus": "active"}
    shapes: dict[str, dict[str, Any]] = {
        "aws:rds/cluster:Cluster": {"masterUserSecrets": [admin]},
        "aws:rds/instance:Instance": {"masterUserSecrets": [admin]},
        "aws:acm/certificate:Certificate": {"domainValidationOptions": [record]},
        "random:index/randomId:RandomId": {"hex": "0a1b2c3d"},
        "random:index/randomPassword:RandomPassword": {"result": f"{name}.result"},
        "gcp:serviceaccount/account:Account": {"email": email_of(name), "member": member_of(name)},
        "aws:route53/zone:Zone": {"nameServers": ["ns-1.example.net", "ns-2.example.net"]},
        "gcp:sql/databaseInstance:DatabaseInstance": {"serverCaCerts": [{"cert": f"{name}.ca"}]},
        "gcp:redis/instance:Instance": {"serverCaCerts": [{"cert": f"{name}.ca"}]},
        "gcp:memorystore/instance:Instance": {
            "endpoints": [
                {
                    "connections": [
                        {
                            "pscAutoConnection": {
                                "connectionType": f"CONNECTION_TYPE_{kind}",
                                "ipAddress": f"{name}.{kind.lower()}",
                            }
                        }
                        for kind in ("READER", "PRIMARY")
                    ]
                }
            ],
            "managedServerCas": [{"caCerts": [{"certificates": [f"{name}.ca", f"{name}.root"]}]}],
        },
    }
    return shapes.get(token, {})


def email_of(account: str) -> str:
    """The address that Google gives the service account with the logical name *account*."""
    return f"{account}@project.iam.gserviceaccount.com"


def member_of(account: str) -> str:
    """The same as one who is given a right."""
    return f"serviceAccount:{email_of(account)}"


CONSTANT = frozenset({"active", "CNAME", "CONNECTION_TYPE_READER", "CONNECTION_TYPE_PRIMARY"})
"""Values above that every cloud's answer has: nothing that only a deployment tells."""

SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:rds!cluster-1"
"""The admin secret that RDS makes by itself."""
