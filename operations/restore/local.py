"""The superuser of a cluster on this machine: extensions that no owner may make are made by it. No cloud has one for us."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from operations.connection import Session
from operations.errors import OperationError
from operations.restore.contents import Superuser


def superuser_of(handles: Mapping[str, Any] | None) -> Superuser | None:
    """Opens sessions of the superuser where *handles* are those of a local stack, else None."""
    if handles is None or handles["provider"] != "local":
        return None
    folder = Path(str(handles["database"]["cluster"]))

    @contextmanager
    def open_session(dbname: str) -> Iterator[Session]:
        from components.local.host.postgres import election
        from components.local.host.postgres.cluster import Cluster

        leader = election.primary(Cluster(directory=folder))
        if leader is None or leader.process() is None:
            raise OperationError(f"No primary of the cluster in {folder} runs; run `make up` to bring it back.")
        with leader.connect(dbname) as session:
            yield session

    return open_session
