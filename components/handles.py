"""Handles: by what names a provider's own interface knows the parts of a stack. The commands of ``operations`` work with them.

They are the output ``handles``, and tasks that look after the database get the database's in ``STACK_HANDLES``. No secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

from components.environment import Connection
from components.names import Scope

Handle = Mapping[str, Any]

VARIABLE = "STACK_HANDLES"
"""``operations.place`` reads it."""


def of_stack(scope: Scope, provider: str, database: Handle, **more: Any) -> dict[str, Any]:
    """The handles of a stack with *database*, as far as the database alone knows them; *more* names its place (``project``)."""
    return {
        "provider": provider,
        "stack": scope.stack,
        "app": scope.app,
        "environment": scope.environment,
        "tier": scope.tier,
        "region": scope.region,
        **more,
        "prefix": scope.physical(),
        "database": dict(database),
        "backups": None,
    }


def address(connection: Connection) -> dict[str, Any]:
    """Where the database itself answers, beside any pooler."""
    return {"host": connection.host, "reader_host": connection.reader_host, "port": connection.port, "ca": connection.ca}


def variable(handles: Handle) -> dict[str, pulumi.Input[str]]:
    """The variable with *handles* for a task of the stack's own."""
    return {VARIABLE: pulumi.Output.json_dumps(handles, sort_keys=True)}
