"""What ``pulumi stack export`` says of a stack: which resources there are, and which are protected. No value is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operations.errors import Refused
from operations.gate.stream import stack_of


@dataclass(frozen=True)
class Held:
    """A resource of the state."""

    urn: str
    type: str
    protected: bool


State = Mapping[str, Held]
"""By URN: what a provider made or a component is; not the providers, and not what a replacement has yet to delete."""


def read_state(text: str, where: str) -> State:
    """The state in *text*; empty for a stack that was never brought up. *where* says in sentences where it comes from.

    Raises Refused when it is no export of a stack.
    """
    try:
        exported = json.loads(text)
    except ValueError:
        exported = None
    if not isinstance(exported, dict) or "deployment" not in exported:
        raise Refused(f"{where} is not what `pulumi stack export` writes: export the stack again.")
    return state_of(exported["deployment"], where)


def state_of(deployment: Any, where: str) -> State:
    """The state in *deployment*, the value of that name in an export. Raises as :func:`read_state` does."""
    resources = (deployment or {}).get("resources") if isinstance(deployment or {}, dict) else None
    held: dict[str, Held] = {}
    for resource in resources or ():
        urn, token = (resource.get("urn"), resource.get("type")) if isinstance(resource, dict) else (None, None)
        if not isinstance(urn, str) or not isinstance(token, str) or not all(stack_of(urn)):
            raise Refused(f"{where} holds a resource without a URN or a type: export the stack again.")
        if not resource.get("delete") and not token.startswith("pulumi:providers:"):
            held[urn] = Held(urn, token, bool(resource.get("protect")))
    return held
