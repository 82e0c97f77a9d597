"""Sizes of the database: instance classes, their memory, how many connections they really take; and servers of such a size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.settings.database import DatabaseSettings, ServerlessSettings

GIB = 1024**3

CLASSES = {"small": "db.t4g.medium", "medium": "db.t4g.large", "large": "db.r6g.large", "xlarge": "db.r6g.xlarge"}
"""What a size is here. Both ends are the Aurora production guide's: development and production."""

SERVERLESS = "db.serverless"
ACU_GIB = 2
"""Memory of one Aurora capacity unit (Aurora user guide)."""

LARGE_GIB = {"c": 4, "m": 8, "t": 8, "r": 16, "z": 16, "x": 32, "x2iedn": 64, "x2iezn": 64, "x1e": 61}
"""Memory of the size ``large`` of a family, or of all families with its first letter (RDS user guide, hardware of classes)."""
OF_LARGE = {"micro": 0.125, "small": 0.25, "medium": 0.5, "large": 1.0}
"""Memory of a size as a share of ``large``; ``xlarge`` is twice that, ``4xlarge`` eight times."""

CONNECTION_BYTES, MOST_CONNECTIONS = 9531392, 5000
"""RDS sets ``max_connections`` to LEAST({DBInstanceClassMemory/9531392}, 5000)."""
OF_NOMINAL = 0.92
"""DBInstanceClassMemory is what the system leaves: 832 connections were measured where the nominal memory gives 901."""
WAKING_CONNECTIONS = 2000
"""Aurora's limit when a serverless instance may shrink to half a unit or pause."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One server of the database."""

    identifier: pulumi.Output[str]
    memory_bytes: int
    """Nominal memory."""
    max_connections: int
    """Connections that it really takes."""
    reader: bool


def instance_class(settings: DatabaseSettings) -> str:
    """The class of every instance: serverless, the exact one that was asked for, or the size's."""
    return SERVERLESS if settings.serverless else settings.instance_class or CLASSES[settings.size]


def memory_bytes(settings: DatabaseSettings) -> int:
    """Nominal memory of one instance in bytes; of a serverless one at its largest capacity."""
    if settings.serverless:
        return int(settings.serverless.max_acu * ACU_GIB * GIB)
    return _memory_of(instance_class(settings))


def max_connections(settings: DatabaseSettings) -> int:
    """Connections that an instance takes before it refuses more: the user's own parameter, or what RDS derives from memory."""
    own = settings.parameters.get("max_connections", "")
    if own.isdigit():
        return int(own)
    most = min(memory_bytes(settings) / CONNECTION_BYTES, MOST_CONNECTIONS) * OF_NOMINAL
    return int(min(most, WAKING_CONNECTIONS) if _wakes(settings.serverless) else most)


def nodes(settings: DatabaseSettings, identifiers: Sequence[pulumi.Output[str]]) -> list[Node]:
    """The servers called *identifiers*, the writer first."""
    memory, connections = memory_bytes(settings), max_connections(settings)
    return [
        Node(identifier=identifier, memory_bytes=memory, max_connections=connections, reader=index > 0)
        for index, identifier in enumerate(identifiers)
    ]


def _wakes(serverless: ServerlessSettings | None) -> bool:
    return serverless is not None and serverless.min_acu <= 0.5


def _memory_of(name: str) -> int:
    """Of a class as the settings' rules let it through: ``db.<family>.<size>``."""
    _, family, size = name.split(".")
    large = LARGE_GIB.get(family, LARGE_GIB[family[0]])
    share = OF_LARGE.get(size) or 2.0 * int(size.removesuffix("xlarge") or 1)
    return int(large * share * GIB)
