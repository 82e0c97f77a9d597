"""What one PostgreSQL node shall be, and what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from components.local.host.postgres import tls

Status = Literal["running", "stopped", "diverged", "missing", "outdated"]
Role = Literal["primary", "standby"]


@dataclass(frozen=True, kw_only=True)
class NodeSpec:
    """One server of a cluster, as wanted. All nodes of a cluster share port, version and parameters."""

    cluster_dir: Path
    """Folder of the cluster: certificates, passwords and below ``nodes/`` one folder per node."""
    node: str
    """Name within the cluster, for example ``node-1``. The role is not part of it: any node can be the primary."""
    address: str
    """Loopback address to listen on, ``127.0.0.1`` to ``127.0.0.16`` (the certificate names these)."""
    port: int
    """TCP port."""
    version: int
    """Major version, for example 17."""
    home: Path
    """Home of the local provider (:func:`components.local.host.paths.home_of`); the wheel may be copied there."""
    log: Path
    """File that the server appends its log to."""
    parameters: dict[str, str] = field(default_factory=dict)
    """PostgreSQL parameters over the defaults, those that follow from the size included."""

    @property
    def folder(self) -> Path:
        return self.cluster_dir / "nodes" / self.node

    @property
    def data(self) -> Path:
        """The data directory (PGDATA)."""
        return self.folder / "data"

    @property
    def tls(self) -> Path:
        return self.cluster_dir / "tls"

    @property
    def ca(self) -> Path:
        return tls.ca_certificate(self.tls)

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=str, indent=2) + "\n"

    @staticmethod
    def from_json(text: str) -> NodeSpec:
        values: Mapping[str, Any] = json.loads(text)
        paths = {key: Path(values[key]) for key in ("cluster_dir", "home", "log")}
        return NodeSpec(**{**values, **paths})


@dataclass(frozen=True, kw_only=True)
class NodeState:
    """One server, as found."""

    status: Status
    """``running``; ``stopped``; ``missing`` (no data); ``diverged`` (its data cannot follow the cluster's primary any more, the
    next ``ensure`` makes it a new standby); ``outdated`` (other major version or other parameters than wanted)."""
    role: Role | None = None
    """What its data says, also while it is stopped. None without data."""
    version: int | None = None
    """Major version of its data."""
    pid: int | None = None
    """The postmaster."""
