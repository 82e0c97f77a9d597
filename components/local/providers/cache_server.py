"""The stack's cache as a valkey or redis server of this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.local.host.processes import cache
from components.local.host.processes.cache import CacheSpec
from components.local.providers.base import LocalProvider, inputs
from components.local.providers.observed import changed, needs_mending, status_word

KEYS = ("name", "host", "port", "run_dir", "log", "secret", "max_memory_mb", "policy", "persistent", "setting")
PLACE = ("name", "run_dir", "secret")
"""A change of these makes another cache."""


def _spec(props: Mapping[str, Any]) -> CacheSpec:
    given = {key: props[key] for key in KEYS if props.get(key) is not None}
    return CacheSpec(**given | {key: Path(given[key]) for key in ("run_dir", "log", "secret")})


class CacheServerProvider(LocalProvider):
    """Thin over :mod:`components.local.host.processes.cache`. The password is made here and lies in the secret file only."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["run_dir"]), self._converge(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._converge(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        values = inputs(props)
        return ReadResult(id_, values | {"status": status_word(cache.observe(_spec(values)))})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        replaces = [key for key in PLACE if changed(olds, news, [key])]
        spec = _spec(inputs(olds))
        mend = needs_mending(olds.get("status")) or needs_mending(status_word(cache.observe(spec)))
        lost = not spec.secret.exists()
        return DiffResult(
            changes=bool(replaces) or mend or lost or changed(olds, news, KEYS),
            replaces=replaces,
            delete_before_replace=True,
        )

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        cache.remove(_spec(inputs(props)))

    def _converge(self, props: Mapping[str, Any]) -> dict[str, Any]:
        values = inputs(props)
        return values | {"status": status_word(cache.ensure(_spec(values)))}


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
