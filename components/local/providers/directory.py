"""A bucket of the stack as a private folder."""

from __future__ import annotations

import pulumi
from pulumi.dynamic import Resource

from components.local.host import buckets
from components.local.providers.converging import ABSENT, PRESENT, ConvergingProvider, Values


class DirectoryProvider(ConvergingProvider):
    """Thin over :mod:`components.local.host.buckets`."""

    ID = ("path",)
    PLACE = ("path",)
    KEYS = ("deletion_protection", "setting")

    def converge(self, values: Values) -> Values:
        buckets.ensure(values["path"])
        return {"status": PRESENT}

    def look(self, values: Values) -> Values:
        return {"status": PRESENT if buckets.exists(values["path"]) else ABSENT}

    def remove(self, values: Values) -> None:
        buckets.remove(values["path"], protected=bool(values.get("deletion_protection")), key=values["setting"])


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
