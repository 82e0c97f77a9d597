"""One PostgreSQL server of a local cluster."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pulumi
from pulumi.dynamic import Resource

from components.local.host.errors import LocalError
from components.local.host.postgres import node
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.spec import NodeSpec, NodeState
from components.local.providers.converging import ConvergingProvider, Values
from components.local.providers.postgres_cluster import protected


def _spec(values: Values) -> NodeSpec:
    given = {key: values[key] for key in ("node", "address", "port", "version", "parameters")}
    return NodeSpec(**given | {key: Path(values[key]) for key in ("cluster_dir", "home", "log")})


class PostgresNodeProvider(ConvergingProvider):
    """Thin over :mod:`components.local.host.postgres.node`, whose ``ensure`` serves creation, changes and mending alike."""

    ID = ("cluster_dir", "node")
    PLACE = ("cluster_dir", "node")
    KEYS = ("address", "port", "version", "home", "log", "parameters", "deletion_protection")

    def converge(self, values: Values) -> Values:
        return _outputs(node.ensure(_spec(values)))

    def look(self, values: Values) -> Values:
        return _outputs(node.observe(_spec(values)))

    def remove(self, values: Values) -> None:
        spec = _spec(values)
        others = Cluster(directory=spec.cluster_dir).peers(spec) if spec.cluster_dir.exists() else []
        if values.get("deletion_protection") and spec.data.exists() and not any(peer.spec.data.exists() for peer in others):
            raise LocalError(protected(spec.cluster_dir))
        node.remove(spec)


def _outputs(state: NodeState) -> Values:
    return {"status": state.status, "role": state.role or ""}


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
