"""Arguments as the policy runtime passes them: every number a float, every map and list a proxy that raises on an unknown.

A rule that holds on plain dicts may be dead here (``isinstance(x, dict)`` is False), so each rule is tested on both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi_policy.deserialize import deserialize_properties
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.resource import UNKNOWN, Resource
from policies.rule import AnyRule, Config, Rule
from policies.verdict import Undecided

STACK, PROJECT = "test", "managed-postgres"


def runtime_props(props: Mapping[str, Any]) -> Mapping[str, Any]:
    """*props* through a protobuf Struct and the SDK's own proxy; ``UNKNOWN`` anywhere becomes the engine's placeholder."""
    struct = struct_pb2.Struct()
    struct.update(_wire(props))
    proxied: Mapping[str, Any] = unknown_checking_proxy(deserialize_properties(json_format.MessageToDict(struct)))
    return proxied


def runtime_config(rule: AnyRule, **given: Any) -> Config:
    """*rule*'s configuration with its defaults, as the pack hands it on; *given* is a configuration file's part."""
    return {**{key: entry.default for key, entry in rule.config.items()}, **given}


def urn_of(token: str, name: str = "it") -> str:
    return f"urn:pulumi:{STACK}::{PROJECT}::{token}::{name}"


def resource(token: str, props: Mapping[str, Any], name: str = "it", *, runtime: bool = True, **more: Any) -> Resource:
    """A resource of type *token*; with *runtime* its properties are proxies, else plain (mocks, with ``UNKNOWN`` as it is)."""
    given = runtime_props(props) if runtime else props
    return Resource(urn=urn_of(token, name), type=token, name=name, props=given, stack=STACK, **more)


def said(rule: Rule, token: str, props: Mapping[str, Any], **config: Any) -> list[str | Undecided]:
    """What *rule* says of a resource: the same on proxies and on plain values, or the test fails here."""
    checks = rule.checks.get(token, ())
    settings = runtime_config(rule, **config)
    answers = [
        [item for check in checks for item in check.judge(resource(token, props, runtime=runtime), settings)]
        for runtime in (True, False)
    ]
    assert answers[0] == answers[1], f"{rule.id} says something else of the runtime's arguments than of plain ones"
    return answers[0]


def _wire(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_STRING_VALUE
    if isinstance(value, Mapping):
        return {key: _wire(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_wire(item) for item in value]
    return value
