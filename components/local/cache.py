"""The local cache: a Valkey or Redis server of this machine, on loopback, with a password."""

from __future__ import annotations

from pathlib import Path

import pulumi

from components.contract import Cache, CacheArgs, Workload
from components.environment import Access, SecretRef
from components.local.place import place
from components.local.providers.cache_server import CacheServer

MEMORY_MB = {"small": 64, "medium": 256, "large": 1024, "xlarge": 4096}
"""What a size class means here: the limit at which the least recently used keys are dropped."""


class LocalCache(Cache):
    """One server. Its password is made on this machine and lies in a secret file only."""

    def __init__(self, name: str, args: CacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        paths, scope = place(), args.scope
        secret = Path(paths.secrets, scope.app, scope.environment, "cache.json")
        self.server = CacheServer(
            f"{name}-server",
            name=name,
            port=args.settings.port,
            run_dir=str(paths.run / name),
            log=str(paths.log(name)),
            secret=str(secret),
            max_memory_mb=MEMORY_MB[args.settings.size],
            persistent=scope.production,
            opts=self.child(),
        )
        self._secret = self.server.secret.apply(lambda path: Path(path).as_uri())
        self._port = self.server.port.apply(lambda port: str(int(port)))
        self.finish(address=pulumi.Output.format("{0}:{1}", self.server.host, self._port))

    def grant_connect(self, workload: Workload) -> Access:
        return Access(
            environment={
                "REDIS_HOST": self.server.host,
                "REDIS_PORT": self._port,
                "REDIS_TLS": "false",
            },
            secrets={
                "REDIS_PASSWORD": SecretRef(id=self._secret, key="password"),
                "REDIS_URL": SecretRef(id=self._secret, key="url"),
            },
            after=[self.server],
        )
