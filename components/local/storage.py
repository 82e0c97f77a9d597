"""Local object storage: a private folder per bucket."""

from __future__ import annotations

import pulumi

from components.contract import Bucket, BucketArgs, Workload
from components.environment import Access
from components.local.place import place
from components.local.providers.directory import Directory


class LocalBucket(Bucket):
    """A folder of mode 0700. It keeps no old versions."""

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        short = name.removeprefix("bucket-")
        self.folder = Directory(
            f"{name}-folder",
            path=str(place().buckets / short),
            deletion_protection=args.settings.deletion_protection,
            setting=f"buckets.{short}",
            opts=self.child(),
        )
        self._variable = f"BUCKET_{short.replace('-', '_').upper()}"
        self.finish(url=self.folder.path.apply(lambda path: f"file://{path}"))

    def grant_write(self, workload: Workload) -> Access:
        return Access(environment={self._variable: self.url}, after=[self.folder])
