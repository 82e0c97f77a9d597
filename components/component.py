"""The base of all components: type token, children's options, outputs."""

from __future__ import annotations

from abc import ABC
from typing import Any, ClassVar

import pulumi

from components.environment import Connection


class Component(pulumi.ComponentResource, ABC):
    """One thing of the architecture. Its resources are its children and named after it."""

    TYPE: ClassVar[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(f"managed-postgres:index:{self.TYPE}", name, None, opts)
        self.name = name

    def child(self, **options: Any) -> pulumi.ResourceOptions:
        """Options for a child: this parent and its own needs. The caller's options are never copied."""
        return pulumi.ResourceOptions(parent=self, **options)

    def finish(self, **outputs: Any) -> None:
        """Set *outputs* as attributes and register them. Every constructor (or ``Ingress.publish``) ends with it."""
        for key, value in outputs.items():
            setattr(self, key, value)
        connections = {key: value.outputs() for key, value in outputs.items() if isinstance(value, Connection)}
        self.register_outputs({**outputs, **connections})
