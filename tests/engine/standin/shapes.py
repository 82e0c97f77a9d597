"""Computed outputs from the SDKs' annotations, and those of the provider ``random``."""

from __future__ import annotations

import json
import secrets
from typing import Any

from tests.engine.standin.world import World
from tests.recorder import computed

_HOLE = "@id@"


def template(world: World, token: str, id_: str = "") -> dict[str, Any]:
    """Every computed output that the class of *token* names, with *id_* in it.

    Made once for each type: importing the SDK takes longer than everything else here.
    """
    kept = world.folder / "shapes" / f"{token.replace('/', '.').replace(':', '.')}.json"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        temporary = kept.with_suffix(f".{secrets.token_hex(4)}")
        temporary.write_text(json.dumps(computed(token, _HOLE)))
        temporary.replace(kept)
    found: dict[str, Any] = json.loads(kept.read_text().replace(_HOLE, id_.replace('"', "")))
    return found


def computed_names(world: World, token: str) -> list[str]:
    """Names of the outputs that are not known before a *token* exists."""
    if token.startswith("random:"):
        return list(random_outputs(token, {"byteLength": 1, "length": 1}))
    return list(template(world, token))


def random_outputs(token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    if token.endswith(":RandomId"):
        value = secrets.token_hex(int(inputs["byteLength"]))
        return {"hex": value, "dec": str(int(value, 16)), "b64Url": value, "b64Std": value}
    alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    result = "".join(secrets.choice(alphabet) for _ in range(int(inputs["length"])))
    return {"result": result, **({"bcryptHash": f"hash-{result[:4]}"} if token.endswith("Password") else {})}
