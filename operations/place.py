"""Where a command works: in the environment it was started in, on a stack of this machine, or inside a stack in a cloud."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from operations.errors import Refused

HANDLES = "STACK_HANDLES"
"""Variable of a stack's own jobs: its output ``handles`` as JSON, without jobs and services."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A database, and how to reach it."""

    name: str
    """The stack, or where there is none the database: for messages."""
    environ: Mapping[str, str] = field(repr=False)
    """The environment contract with the owner's login. Where ``remote``, addresses that answer inside the stack only."""
    handles: Mapping[str, Any] | None
    """What the provider's own interface knows the stack by; None where only the contract is known."""
    remote: bool
    """A stack in a cloud, seen from outside: whatever needs its database runs there, by :func:`run_there`."""
    database: Mapping[str, Any] = field(default_factory=dict)
    """The stack's output ``database``: where applications reach it, behind a pooler where there is one."""


def place_of(stack: str | None) -> Place:
    """The place of a command's ``--stack``. None: the environment contract in this process's variables, as in a container.

    Raises Refused where there is no such stack or it is not up, or where ``STACK_HANDLES`` is no JSON object.
    """
    if stack is None:
        return Place(name=os.environ.get("DB_NAME", ""), environ=os.environ, handles=_own_handles(), remote=False)
    from operations.stack import deployed

    found = deployed(stack)
    environ = contract(found.outputs["database"], found.handles)
    remote = found.handles["provider"] != "local"
    return Place(name=stack, environ=environ, handles=found.handles, remote=remote, database=found.outputs["database"])


def contract(database: Mapping[str, Any], handles: Mapping[str, Any]) -> dict[str, str]:
    """The environment contract of the owner, from the stack output *database*, and where the backups are."""
    backups, at = handles.get("backups") or {}, handles["database"].get("direct", database)
    return {
        **{str(name): str(value) for name, value in backups.get("environment", {}).items()},
        "ENVIRONMENT": str(handles["environment"]),
        "DB_NAME": str(database["name"]),
        "DB_HOST": str(at["host"]),
        "DB_READER_HOST": str(at["reader_host"]),
        "DB_PORT": str(int(at["port"])),
        "DB_USER": str(database["admin_username"]),
        "DB_SECRET_ID": str(database["admin_secret_id"]),
        "DB_APPLICATION_SECRET_ID": str(database["secret_id"]),
        "DB_SSL_MODE": "verify-ca" if handles["provider"] == "gcp" else "verify-full",
        "DB_SSL_ROOT_CERT": str(at["ca"]),
    }


def run_there(place: Place, words: Sequence[str], *, on_line: Callable[[str], None] | None = None) -> int:
    """Run ``python -m operations <words>`` in the backups job of the stack, as its owner; returns its exit code.

    Its log lines go to standard output as they come (with ``--json`` among the words its answer only), everything else to
    standard error; *on_line* is called with each. Ctrl-C stops watching, not the job, and says how to stop it. Raises Refused
    where the stack has no backups, OperationError where it cannot be started or followed.
    """
    handles = place.handles or {}
    if not handles.get("backups"):
        raise Refused(
            f"Stack '{place.name}' has no job that could do this inside its network: give it `backups` in its stack file "
            "(an empty block will do) and bring it up, or run the command where the database can be reached, without --stack."
        )
    from operations.remote import run
    from operations.remote.output import Output

    output = Output(as_json="--json" in words, on_line=on_line)
    what = f"run `{' '.join(words)}` inside stack {place.name}"
    return run(what, handles, handles["backups"], ["python", "-m", "operations", *words], output)


def _own_handles() -> Mapping[str, Any] | None:
    text = os.environ.get(HANDLES)
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or "provider" not in found:
        raise Refused(f"{HANDLES} is not the JSON object that a stack puts out as `handles`: bring the stack up again.")
    return found
