"""Names and labels that Google takes: for every type with a physical name, its property, a pattern and a length."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from components.settings.stack import Settings
from tests.recorder import Recording

_RFC1035 = r"[a-z]([a-z0-9-]*[a-z0-9])?"
"""Lower case, a letter first, no hyphen at the end: everything of Compute Engine, and much else."""
_WORD = r"[A-Za-z0-9_-]+"
_LOG = r"[A-Za-z0-9][A-Za-z0-9_.-]*"

NAMES: dict[str, tuple[str, str, int]] = {
    "artifactregistry/repository:Repository": ("repositoryId", _RFC1035, 63),
    "cloudrunv2/job:Job": ("name", _RFC1035, 49),
    "cloudrunv2/service:Service": ("name", _RFC1035, 49),
    "cloudscheduler/job:Job": ("name", _WORD, 500),
    "dns/managedZone:ManagedZone": ("name", _RFC1035, 63),
    "kms/cryptoKey:CryptoKey": ("name", _WORD, 63),
    "kms/keyRing:KeyRing": ("name", _WORD, 63),
    "logging/metric:Metric": ("name", r"[A-Za-z0-9_.,+!*',()%/-]+", 100),
    "logging/projectBucketConfig:ProjectBucketConfig": ("bucketId", _LOG, 100),
    "logging/projectExclusion:ProjectExclusion": ("name", _LOG, 100),
    "logging/projectSink:ProjectSink": ("name", r"[A-Za-z0-9_.-]+", 100),
    "memorystore/instance:Instance": ("instanceId", r"[a-z][a-z0-9-]{2,}[a-z0-9]", 63),
    "networkconnectivity/serviceConnectionPolicy:ServiceConnectionPolicy": ("name", _RFC1035, 63),
    "redis/instance:Instance": ("name", _RFC1035, 40),
    "secretmanager/secret:Secret": ("secretId", _WORD, 255),
    "serviceaccount/account:Account": ("accountId", r"[a-z][a-z0-9-]{4,}[a-z0-9]", 30),
    "sql/database:Database": ("name", r"[a-z_][a-z0-9_]*", 63),
    "sql/databaseInstance:DatabaseInstance": ("name", _RFC1035, 67),
    "sql/user:User": ("name", r"[^\s]+", 63),
    "storage/bucket:Bucket": ("name", r"[a-z0-9][a-z0-9_-]+[a-z0-9]", 63),
}
"""An instance's name together with a project's of 30 characters and a colon has at most 98; compute types are all alike."""

COMPUTE = ("name", _RFC1035, 63)
WITHIN = (":RecordSet", "sql/database:Database", "sql/user:User", "kms/cryptoKey:CryptoKey")
"""Their names are unique within something else."""

_KEY, _VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")


def labels_of(token: str, inputs: dict[str, Any]) -> dict[str, str] | None:
    """The labels that a resource of type *token* has; None for a type that takes none."""
    if token.endswith(":DatabaseInstance"):
        return dict(inputs["settings"].get("userLabels") or {})
    module, cls_name = token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
    takes = inspect.signature(getattr(import_module(f"pulumi_gcp.{module}"), cls_name)._internal_init).parameters
    if "user_labels" in takes:
        return dict(inputs.get("userLabels") or {})
    return dict(inputs.get("labels") or {}) if "labels" in takes else None


def named(recording: Recording, settings: Settings) -> Iterator[str]:
    """Names that Google takes, and no two resources of one type with the same name."""
    seen: set[tuple[str, str]] = set()
    for resource in recording.resources.values():
        short = resource.type.partition(":")[2]
        if not resource.type.startswith("gcp:") or resource.type.startswith("gcp:index:"):
            continue
        key, pattern, length = NAMES.get(short, COMPUTE if short.startswith("compute/") else ("name", ".*", 1024))
        name = resource.inputs.get(key)
        if name is None:
            continue
        if len(name) > length or not re.fullmatch(pattern, name):
            yield f"{resource.name}: {key} is '{name}' (at most {length} characters, {pattern})"
        if (short, name) in seen and not resource.type.endswith(WITHIN) and not short.endswith(("IamMember", "IAMMember")):
            yield f"{short} '{name}' is there twice"
        seen.add((short, name))


def labelled(recording: Recording, settings: Settings) -> Iterator[str]:
    """Everything that can carry labels says whose it is, in characters that Google takes."""
    for resource in recording.resources.values():
        labels = labels_of(resource.type, resource.inputs) if resource.type.startswith("gcp:") else None
        if labels is None:
            continue
        if labels.get("app") != settings.app:
            yield f"{resource.name} has no labels"
        wrong = [f"{key}={value}" for key, value in labels.items() if not (_KEY.fullmatch(key) and _VALUE.fullmatch(value))]
        if wrong or len(labels) > 64:
            yield f"{resource.name} has the labels {', '.join(wrong)}"
