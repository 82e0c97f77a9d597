"""The stack's cache as a valkey or redis server of this machine."""

from __future__ import annotations

from pathlib import Path

import pulumi
from pulumi.dynamic import Resource

from components.local.host.processes import cache
from components.local.host.processes.cache import CacheSpec
from components.local.providers.converging import ABSENT, ConvergingProvider, Values, status_word


class CacheServerProvider(ConvergingProvider):
    """Thin over :mod:`components.local.host.processes.cache`. The password is made there and lies in the secret file only."""

    ID = ("run_dir",)
    PLACE = ("name", "run_dir", "secret")
    KEYS = ("host", "port", "log", "max_memory_mb", "policy", "persistent", "setting")

    def converge(self, values: Values) -> Values:
        return {"status": status_word(cache.ensure(self._spec(values)))}

    def look(self, values: Values) -> Values:
        spec = self._spec(values)
        return {"status": status_word(cache.observe(spec)) if spec.secret.exists() else ABSENT}

    def remove(self, values: Values) -> None:
        cache.remove(self._spec(values))

    def _spec(self, values: Values) -> CacheSpec:
        given = {key: values[key] for key in (*self.PLACE, *self.KEYS) if values.get(key) is not None}
        return CacheSpec(**given | {key: Path(given[key]) for key in ("run_dir", "log", "secret")})


class CacheServer(Resource, module="local", name="CacheServer"):
    """A Redis-compatible server on loopback with a password."""

    status: pulumi.Output[str]
    """``running``, or starting, unhealthy, backoff, stopped, absent."""
    host: pulumi.Output[str]
    port: pulumi.Output[int]
    secret: pulumi.Output[str]
    """Path of the JSON file with username, password, host, port and url."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        port: int,
        run_dir: str,
        log: str,
        secret: str,
        host: str = "127.0.0.1",
        max_memory_mb: int = 64,
        policy: str = "allkeys-lru",
        persistent: bool = False,
        setting: str = "cache",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """See :class:`components.local.host.processes.cache.CacheSpec`."""
        properties = {
            **{"name": name, "host": host, "port": port, "run_dir": run_dir, "log": log, "secret": secret},
            **{"max_memory_mb": max_memory_mb, "policy": policy, "persistent": persistent, "setting": setting},
            "status": None,
        }
        super().__init__(CacheServerProvider(), resource_name, properties, opts)
