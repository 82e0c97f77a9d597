"""Runs a Pulumi program on mocks and keeps what it registered. No engine, no cloud, no side effects."""

from __future__ import annotations

import gc
import json
import runpy
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import rpc

from operations.review.made_up import computed, email_of, member_of
from operations.review.program import PROJECT, Registration, run

__all__ = ["PROJECT", "ROOT", "Recording", "Registered", "computed", "email_of", "main", "member_of", "record"]

ROOT = Path(__file__).resolve().parent.parent


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


def record(program: Callable[[], Any], config: Mapping[str, Any], *, stack_name: str = "test") -> Recording:
    """Run *program* with *config* (the keys of a stack file) and return what it registered."""
    recording = Recording()
    options: list[tuple[str, str, pulumi.ResourceOptions]] = []

    def note(args: pulumi.ResourceTransformArgs) -> None:
        options.append((args.type_, args.name, args.opts))

    def noted() -> None:
        pulumi.runtime.register_stack_transformation(note)  # type: ignore[arg-type]
        program()

    _freeze_modules()
    # Looked up at each call: a test may put another one in its place.
    monitor, recording.outputs = run(noted, config, stack_name=stack_name, made_up=lambda token, name: computed(token, name))
    inputs = {(request.type, request.name): _inputs(request) for request in monitor.registered.values()}
    for kind, name, opts in options:
        urn = f"{kind}::{name}"
        if urn in recording.resources:
            recording.duplicates.append(urn)
        parent = opts.parent
        parent_key = f"{parent._type}::{parent._name}" if parent is not None else ""
        # A class of an SDK adds the types it once had to every resource; only what our code asks for is of interest.
        opts.aliases = [alias for alias in opts.aliases or [] if not (isinstance(alias, pulumi.Alias) and alias.type_ is not ...)]
        recording.resources[urn] = Registered(kind, name, readable(inputs.get((kind, name), {})), parent_key, opts)
    return recording


_frozen = 0


def _freeze_modules() -> None:
    """Garbage collection looks no longer through what the modules hold: with an SDK a third of the tests' time went into that."""
    global _frozen
    if len(sys.modules) != _frozen:
        _frozen = len(sys.modules)
        gc.freeze()


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


def _inputs(request: Registration) -> dict[str, Any]:
    return {key: value for key, value in rpc.deserialize_properties(request.object).items() if key != "__provider"}


def main() -> None:
    """The project's own ``__main__.py``."""
    runpy.run_path(str(ROOT / "__main__.py"))
