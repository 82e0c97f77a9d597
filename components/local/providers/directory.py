"""A bucket of the stack as a private folder."""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.local.host import buckets
from components.local.providers.base import LocalProvider, inputs
from components.local.providers.observed import changed

PRESENT = "present"


class DirectoryProvider(LocalProvider):
    """Thin over :mod:`components.local.host.buckets`."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["path"]), self._converge(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._converge(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        values = inputs(props)
        return ReadResult(id_, values | {"status": PRESENT if buckets.exists(values["path"]) else "absent"})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        replaces = ["path"] if changed(olds, news, ["path"]) else []
        lost = olds.get("status") != PRESENT or not buckets.exists(olds["path"])
        keys = ("deletion_protection", "setting")
        return DiffResult(changes=bool(replaces) or lost or changed(olds, news, keys), replaces=replaces)

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        values = inputs(props)
        buckets.remove(values["path"], protected=bool(values.get("deletion_protection")), key=values["setting"])

    def _converge(self, props: dict[str, Any]) -> dict[str, Any]:
        values = inputs(props)
        buckets.ensure(values["path"])
        return values | {"status": PRESENT}


class Directory(Resource, module="local", name="Directory"):
    """A folder of mode 0700 that stands for a bucket."""

    status: pulumi.Output[str]
    """``present`` or ``absent``."""
    path: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        path: str,
        deletion_protection: bool = True,
        setting: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """*path*: absolute. *deletion_protection*: keep it while it holds anything. *setting*: key for sentences."""
        properties = {
            **{"path": path, "deletion_protection": deletion_protection},
            **{"setting": setting or f"storage.{resource_name}", "status": None},
        }
        super().__init__(DirectoryProvider(), resource_name, properties, opts)
