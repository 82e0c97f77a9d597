"""Runs a Pulumi program on mocks and keeps what it registered. No engine, no cloud, no side effects."""

from __future__ import annotations

import asyncio
import gc
import json
import runpy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pulumi
from pulumi.dynamic import Resource as DynamicResource
from pulumi.runtime import mocks, set_all_config, stack

ROOT = Path(__file__).resolve().parent.parent
PROJECT = "managed-postgres"


@dataclass
class Registered:
    """One resource as the program asked for it."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    options: pulumi.ResourceOptions


@dataclass
class Recording:
    """Everything a program registered, and what it exported."""

    resources: dict[str, Registered] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    duplicates: list[str] = field(default_factory=list)

    def of_type(self, ending: str) -> dict[str, Registered]:
        return {resource.name: resource for resource in self.resources.values() if resource.type.endswith(ending)}

    def parent_of(self, resource: Registered) -> Registered | None:
        return self.resources.get(resource.parent)


class Recorder(mocks.Mocks):
    """Answers like a provider: inputs come back, computed strings and numbers are made up; look-ups are refused."""

    def __init__(self) -> None:
        self.inputs: dict[tuple[str, str], dict[str, Any]] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        inputs = {key: value for key, value in args.inputs.items() if key != "__provider"}
        self.inputs[args.typ, args.name] = inputs
        return f"{args.name}-id", {**computed(args.typ, args.name), **inputs}

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"a component looked something up: {args.token}")


def computed(token: str, name: str) -> dict[str, Any]:
    """Outputs that a real provider would compute: from the annotations of our dynamic resource classes and the SDKs."""
    cloud = token.partition(":")[0]
    if cloud in ("aws", "gcp", "random"):
        return {**_sdk_outputs(f"pulumi_{cloud}", token, name), **_made_up(token, name)}
    for cls in DynamicResource.__subclasses__():
        if f"pulumi-python:{cls._resource_type_name}" == token:
            return {key: 5432 if "[int]" in hint else f"{name}.{key}" for key, hint in cls.__annotations__.items()}
    return {}


def _sdk_outputs(sdk: str, token: str, name: str) -> dict[str, Any]:
    """A text for every text that the resource class has and a number for every number, under the engine's names."""
    module, _, cls_name = token.split(":")[1].partition("/")[0], *token.rpartition(":")[1:]
    package = {"lambda": "lambda_"}.get(module, module)
    try:
        cls = getattr(import_module(f"{sdk}.{package}"), cls_name)
    except (ImportError, AttributeError):
        return {}
    found: dict[str, Any] = {}
    for attribute, value in vars(cls).items():
        hint = str(value.fget.__annotations__.get("return", "")) if isinstance(value, property) and value.fget else ""
        key = getattr(value.fget, "_pulumi_name", attribute) if hint else attribute
        if "Optional" in hint or "Sequence" in hint or "Mapping" in hint:
            continue
        if "str]" in hint:
            found[key] = f"{name}.{attribute}"
        elif "int]" in hint:
            found[key] = 5432
    if "arn" in found:
        found["arn"] = f"arn:aws:{module}:ap-northeast-1:123456789012:{name}"
    return found


def _made_up(token: str, name: str) -> dict[str, Any]:
    """Outputs whose shape a text cannot stand for."""
    record = {"domainName": name, "resourceRecordName": f"_x.{name}", "resourceRecordType": "CNAME", "resourceRecordValue": "_y"}
    return {
        "aws:rds/cluster:Cluster": {"masterUserSecrets": [{"secretArn": SECRET, "kmsKeyId": "key", "secretStatus": "active"}]},
        "aws:rds/instance:Instance": {"masterUserSecrets": [{"secretArn": SECRET, "kmsKeyId": "key", "secretStatus": "active"}]},
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
    }.get(token, {})


def email_of(account: str) -> str:
    """The address that Google gives the service account with the logical name *account*."""
    return f"{account}@project.iam.gserviceaccount.com"


def member_of(account: str) -> str:
    """The same as one who is given a right."""
    return f"serviceAccount:{email_of(account)}"


SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:rds!cluster-1"


def record(program: Callable[[], Any], config: Mapping[str, Any], *, stack_name: str = "test") -> Recording:
    """Run *program* with *config* (the keys of a stack file) and return what it registered."""
    recording, recorder = Recording(), Recorder()
    values = {
        key if ":" in key else f"{PROJECT}:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in config.items()
    }
    options: list[tuple[str, str, pulumi.ResourceOptions]] = []
    exported: dict[str, pulumi.Output[Any]] = {}

    def note(args: pulumi.ResourceTransformArgs) -> None:
        options.append((args.type_, args.name, args.opts))

    async def run() -> None:
        mocks.set_mocks(recorder, PROJECT, stack_name, preview=False)
        set_all_config(values)
        original, pulumi.export = pulumi.export, lambda key, value: exported.__setitem__(key, pulumi.Output.from_input(value))
        try:
            await stack.run_pulumi_func(lambda: _program(program, note))
            for key, value in exported.items():
                recording.outputs[key] = await value.future()
        finally:
            pulumi.export = original

    with closed_loops(), no_garbage_collection():
        asyncio.run(run())
    for kind, name, opts in options:
        urn = f"{kind}::{name}"
        if urn in recording.resources:
            recording.duplicates.append(urn)
        parent = opts.parent
        parent_key = f"{parent._type}::{parent._name}" if parent is not None else ""
        # A class of an SDK adds the types it once had to every resource; only what our code asks for is of interest.
        opts.aliases = [alias for alias in opts.aliases or [] if not (isinstance(alias, pulumi.Alias) and alias.type_ is not ...)]
        recording.resources[urn] = Registered(kind, name, readable(recorder.inputs.get((kind, name), {})), parent_key, opts)
    return recording


def readable(inputs: dict[str, Any]) -> dict[str, Any]:
    """*inputs*, with the containers of ECS and Cloud Run also as ``containers``: by name, variables as a map."""
    text, template = inputs.get("containerDefinitions"), inputs.get("template")
    if isinstance(text, str):
        return {**inputs, "containers": {container["name"]: _of_ecs(container) for container in json.loads(text)}}
    if isinstance(template, dict):
        given = template.get("template", template).get("containers", ())
        return {**inputs, "containers": {container.get("name", "container"): _of_cloud_run(container) for container in given}}
    return inputs


def _of_ecs(container: dict[str, Any]) -> dict[str, Any]:
    return {
        **container,
        "environment": {item["name"]: item["value"] for item in container["environment"]},
        "secrets": {item["name"]: item["valueFrom"] for item in container["secrets"]},
    }


def _of_cloud_run(container: dict[str, Any]) -> dict[str, Any]:
    references = {item["name"]: item["valueSource"]["secretKeyRef"] for item in container["envs"] if "valueSource" in item}
    return {
        **container,
        "environment": {item["name"]: item.get("value") for item in container["envs"] if "valueSource" not in item},
        "secrets": {name: f"{item.get('secret')}:{item.get('version')}" for name, item in references.items()},
    }


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Half of the time of a large program would go into it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def closed_loops() -> Iterator[None]:
    """Close the event loops that Pulumi opens to serialise dynamic providers and forgets: warnings are errors here."""
    made: list[asyncio.AbstractEventLoop] = []
    original = asyncio.new_event_loop

    def new_event_loop() -> asyncio.AbstractEventLoop:
        made.append(original())
        return made[-1]

    with patch("asyncio.new_event_loop", new_event_loop):
        try:
            yield
        finally:
            for loop in made:
                loop.close()


def _program(program: Callable[[], Any], note: Callable[[Any], None]) -> None:
    pulumi.runtime.register_stack_transformation(note)  # type: ignore[arg-type]
    program()


def main() -> None:
    """The project's own ``__main__.py``."""
    runpy.run_path(str(ROOT / "__main__.py"))
