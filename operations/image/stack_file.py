"""The images in a stack file: which of them are the stack's own, for which processor, and writing a digest in."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from components.config import parse
from components.names import Scope
from components.settings.stack import Settings
from operations.engine.checkout import Checkout
from operations.errors import Refused

PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}
OPERATIONS = "operations_image"
_WIDE = 10_000
"""Columns: no line is ever wrapped."""


def name_of(reference: str) -> str:
    """*reference* without its tag or digest."""
    return re.split("[:@]", reference, maxsplit=1)[0]


@dataclass(frozen=True)
class Use:
    """Where an image is named: the keys below the stack's settings, and the processor it is for."""

    keys: tuple[str, ...]
    platform: str


@dataclass(frozen=True)
class StackFile:
    """``Pulumi.<stack>.yaml`` of a stack in a cloud."""

    path: Path
    stack: str
    settings: Settings
    project: str
    """Google Cloud's project; empty elsewhere."""
    prefix: str
    """What the settings' keys begin with: ``managed-postgres:``."""

    @property
    def folder(self) -> str:
        """Where in the registry the stack's own images are: ``<app>-<environment>``."""
        given = self.settings
        return Scope(app=given.app, environment=given.environment, tier=given.tier, stack=self.stack).physical()

    def own(self) -> dict[str, list[Use]]:
        """The stack's own images (those without a ``/``) by name, each with everything that names it."""
        found: dict[str, list[Use]] = {}
        for reference, use in self._uses():
            if "/" not in reference:
                found.setdefault(name_of(reference), []).append(use)
        return found

    def _uses(self) -> Iterator[tuple[str, Use]]:
        for kind, workloads in (("services", self.settings.services), ("jobs", self.settings.jobs)):
            for name, workload in workloads.items():
                yield workload.image, Use((kind, name, "image"), PLATFORMS[workload.architecture])
        yield self.settings.operations_image, Use((OPERATIONS,), PLATFORMS["x86_64"])

    def platform(self, image: str) -> str:
        """What *image* has to be built for. Raises Refused when nothing names it, or two processors are wanted of one image."""
        uses = self.own().get(image)
        if not uses:
            there = ", ".join(sorted(self.own())) or "none"
            raise Refused(f"{self.path.name} names no image '{image}' of its own registry (it names: {there}).")
        platforms = sorted({use.platform for use in uses})
        if len(platforms) > 1:
            keys = ", ".join(".".join(use.keys) for use in uses)
            raise Refused(
                f"{self.path.name} wants image '{image}' for {' and '.join(platforms)} ({keys}): give one another name."
            )
        return platforms[0]

    def uses_of(self, name: str) -> list[Use]:
        """Everything whose image is called *name*, own or of another registry, whatever its version."""
        return [use for reference, use in self._uses() if name_of(reference) == name]

    def write(self, image: str, digest: str) -> list[str]:
        """Name *image* by *digest* wherever it is named. Returns the keys that changed; raises as :meth:`set`."""
        return self.set({use.keys: f"{image}@{digest}" for use in self.own()[image]})

    def set(self, values: Mapping[tuple[str, ...], Any]) -> list[str]:
        """Give keys below the stack's settings these values (None: take the key out); comments and layout stay.

        Returns the keys that changed. Raises Refused when the file cannot be written.
        """
        yaml = YAML()
        yaml.preserve_quotes = True
        yaml.width = _WIDE
        yaml.indent(mapping=2, sequence=4, offset=2)
        changed = []
        try:
            document = yaml.load(self.path.read_text())
            for keys, value in values.items():
                holder, key = _holder(document["config"], self.prefix, keys)
                if holder.get(key) == value:
                    continue
                if value is None:
                    del holder[key]
                else:
                    holder[key] = value
                changed.append(".".join(keys))
            text = io.StringIO()
            yaml.dump(document, text)
            if changed:
                temporary = self.path.with_name(f".{self.path.name}.new")
                temporary.write_text(text.getvalue())
                temporary.replace(self.path)
        except (OSError, YAMLError) as error:
            wanted = ", ".join(f"{'.'.join(keys)}: {value}" for keys, value in values.items())
            raise Refused(f"{self.path} cannot be written: {error}. Write this in by hand: {wanted}.") from None
        return changed


def _holder(config: Any, prefix: str, keys: tuple[str, ...]) -> tuple[Any, str]:
    """The mapping that the last key stands in, and that key."""
    first, *rest = keys
    if not rest:
        return config, f"{prefix}{first}"
    holder = config[f"{prefix}{first}"]
    for key in rest[:-1]:
        holder = holder[key]
    return holder, rest[-1]


def load(checkout: Checkout, stack: str) -> StackFile:
    """The stack file of *stack*. Raises Refused when there is none or it runs on this machine, SettingsError when it is wrong."""
    checkout.require(stack)
    path = checkout.root / f"Pulumi.{stack}.yaml"
    provider = checkout.provider(stack)
    if provider == "local":
        raise Refused(
            f"Stack '{stack}' runs on this machine, where an image is a folder of the checkout: there is nothing to build."
        )
    try:
        config: Mapping[str, Any] = YAML(typ="safe", pure=True).load(path.read_text())["config"]
    except (YAMLError, KeyError, TypeError):
        raise Refused(f"{path} is not a stack file: it has no 'config'.") from None
    prefix = f"{checkout.project}:"
    given = {key.removeprefix(prefix): value for key, value in config.items() if key.startswith(prefix)}
    region = config.get(f"{provider}:region")
    settings = parse(given, file=path.name, root=checkout.root, sdk_region=str(region) if region else None)
    return StackFile(path, stack, settings, str(config.get("gcp:project", "")), prefix)
