"""One PostgreSQL server of a local cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.local.host.errors import LocalError
from components.local.host.postgres import node
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.spec import NodeSpec, NodeState
from components.local.providers.base import LocalProvider, inputs
from components.local.providers.observed import RUNNING, changed
from components.local.providers.postgres_cluster import protected

KEYS = ("address", "port", "version", "home", "log", "parameters", "deletion_protection")
PLACE = ("cluster_dir", "node")
"""A change of these makes another node."""


def _spec(props: Mapping[str, Any]) -> NodeSpec:
    values = inputs(props)
    given = {key: values[key] for key in ("node", "address", "port", "version", "parameters")}
    return NodeSpec(**given | {key: Path(values[key]) for key in ("cluster_dir", "home", "log")})


class PostgresNodeProvider(LocalProvider):
    """Thin over :mod:`components.local.host.postgres.node`, whose ``ensure`` serves creation, changes and mending alike."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(f"{props['cluster_dir']}/{props['node']}", self._converge(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._converge(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_, _outputs(props, node.observe(_spec(props))))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        replaces = [key for key in PLACE if changed(olds, news, [key])]
        # Looked at now, too: a server killed outside Pulumi is mended by a plain `up`, without a refresh before.
        down = olds.get("status") != RUNNING or node.observe(_spec(olds)).status != RUNNING
        return DiffResult(
            changes=bool(replaces) or down or changed(olds, news, KEYS), replaces=replaces, delete_before_replace=True
        )

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        spec = _spec(props)
        others = Cluster(directory=spec.cluster_dir).peers(spec) if spec.cluster_dir.exists() else []
        if props.get("deletion_protection") and spec.data.exists() and not any(peer.spec.data.exists() for peer in others):
            raise LocalError(protected(spec.cluster_dir))
        node.remove(spec)

    def _converge(self, props: Mapping[str, Any]) -> dict[str, Any]:
        return _outputs(props, node.ensure(_spec(props)))


def _outputs(props: Mapping[str, Any], state: NodeState) -> dict[str, Any]:
    return inputs(props) | {"status": state.status, "role": state.role or ""}


class PostgresNode(Resource, module="local", name="PostgresNode"):
    """A server. Its role is found, not given: after a promotion the nodes keep their names."""

    status: pulumi.Output[str]
    """``running``, or stopped, missing, diverged, outdated."""
    role: pulumi.Output[str]
    """``primary`` or ``standby``."""
    address: pulumi.Output[str]
    port: pulumi.Output[int]

    def __init__(
        self,
        resource_name: str,
        *,
        cluster_dir: str,
        node: str,
        address: str,
        port: int,
        version: int,
        home: str,
        log: str,
        parameters: Mapping[str, str],
        deletion_protection: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """See :class:`components.local.host.postgres.spec.NodeSpec`. *deletion_protection* keeps the last node of a cluster."""
        properties = {
            **{"cluster_dir": cluster_dir, "node": node, "address": address, "port": port, "version": version},
            **{"home": home, "log": log, "parameters": dict(parameters), "deletion_protection": deletion_protection},
            **{"status": None, "role": None},
        }
        super().__init__(PostgresNodeProvider(), resource_name, properties, opts)
