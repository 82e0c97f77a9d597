"""What two environments of one cloud must have in common: the shape of a stack, without names, sizes and numbers of servers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policies.resource import ABSENT, UNKNOWN, Resource, Stack, name_of, type_of
from policies.rules.aws import types as aws
from policies.rules.gcp import types as gcp

Shape = Mapping[str, frozenset[str]]
"""A fact, such as ``database.engine`` or ``type aws:lb/listener:Listener``, to its values; a type alone has none."""

OURS = "managed-postgres:"


def _text(value: Any) -> str:
    return str(value).lower()


def _major(value: Any) -> str:
    """``17.5`` and ``POSTGRES_17`` are 17: minor versions come by themselves, and not on the same day everywhere."""
    found = re.search(r"\d+", str(value))
    return found[0] if found else str(value)


Column = tuple[str, Callable[[Any], str]]

FACTS: Mapping[str, Mapping[str, Column]] = {
    aws.CLUSTER: {
        "engine": ("engine", _text),
        "version": ("engineVersion", _major),
        "encrypted": ("storageEncrypted", _text),
        "iam-login": ("iamDatabaseAuthenticationEnabled", _text),
    },
    aws.INSTANCE: {
        "engine": ("engine", _text),
        "version": ("engineVersion", _major),
        "encrypted": ("storageEncrypted", _text),
        "iam-login": ("iamDatabaseAuthenticationEnabled", _text),
    },
    aws.CLUSTER_INSTANCE: {"certificate": ("caCertIdentifier", _text)},
    aws.PROXY: {"proxy-tls": ("requireTls", _text)},
    aws.CACHE: {
        "engine": ("engine", _text),
        "version": ("engineVersion", _major),
        "tls": ("transitEncryptionEnabled", _text),
    },
    aws.LISTENER: {"protocol": ("protocol", _text), "tls": ("sslPolicy", _text)},
    aws.TASK: {"architecture": ("runtimePlatform.cpuArchitecture", _text)},
    gcp.INSTANCE: {
        "version": ("databaseVersion", _major),
        "tls": ("settings.ipConfiguration.sslMode", _text),
        "edition": ("settings.edition", _text),
    },
    gcp.REDIS: {"version": ("redisVersion", _major), "tls": ("transitEncryptionMode", _text)},
    gcp.VALKEY: {"version": ("engineVersion", _major), "tls": ("transitEncryptionMode", _text)},
    gcp.TLS_POLICY: {"tls": ("minTlsVersion", _text)},
    gcp.SERVICE: {"ingress": ("ingress", _text), "generation": ("template.executionEnvironment", _text)},
}
"""Type to the words of its facts, each with the property and how its value is written."""

FLAGS: Mapping[str, str] = {
    aws.CLUSTER_PARAMETERS: "parameters",
    aws.PARAMETERS: "parameters",
    "aws:elasticache/parameterGroup:ParameterGroup": "parameters",
    gcp.INSTANCE: "settings.databaseFlags",
}
"""Type to its list of ``{name, value}``: every one of them is a fact ``<component>.flag.<name>``."""


def shape(stack: Stack) -> Shape:
    """The shape of *stack*. What is not known yet counts as set, to something that is the same everywhere."""
    found: dict[str, set[str]] = {}
    for resource in stack.resources:
        for fact, value in _facts(resource):
            found.setdefault(fact, set()).update(value)
    return {fact: frozenset(values) for fact, values in found.items()}


def _facts(resource: Resource) -> Iterator[tuple[str, set[str]]]:
    if type_of(resource.urn).startswith(OURS):
        yield f"component {name_of(resource.urn)}", set()
        return
    yield f"type {resource.type}", set()
    for word, (path, written) in FACTS.get(resource.type, {}).items():
        value = resource.fact(path)
        if value is not ABSENT:
            yield f"{resource.component}.{word}", {_value(value, written)}
    path = FLAGS.get(resource.type, "")
    flags = resource.fact(path) if path else ABSENT
    for flag in flags if isinstance(flags, list) else ():
        if isinstance(flag, dict) and isinstance(flag.get("name"), str):
            yield f"{resource.component}.flag.{flag['name']}", {_value(flag.get("value", UNKNOWN), _text)}


def _value(value: Any, written: Callable[[Any], str]) -> str:
    return "(not known yet)" if value is UNKNOWN else written(value)
