"""The README's settings table, made from the models: ``python -m components.settings.table README.md`` writes it there."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from components.settings.stack import Settings
from components.tiers import PROVIDERS, SERVICE_KINDS, TIERS

BEGIN, END = "<!-- settings: begin (make docs writes this) -->", "<!-- settings: end -->"

BY_PROVIDER = {"database.backend": "the provider's first", "region": "Tokyo"}


def markdown() -> str:
    """One row per setting: key, values, default (dev / staging / prod where the tier decides), meaning."""
    lines = ["| Setting | Values | Default | Meaning |", "|---|---|---|---|"]
    lines += [f"| `{key}` | {values} | {default} | {meaning} |" for key, values, default, meaning in rows(Settings, "")]
    return "\n".join(lines)


def insert(text: str) -> str:
    """*text* with the table between its two markers replaced."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{markdown()}\n{END}{after}"


def rows(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    """Key, values, default and meaning of each setting of *model*, whose keys begin with *prefix*."""
    for name, field in model.model_fields.items():
        key, block = f"{prefix}{name}", _block(field.annotation)
        meaning = (field.description or "").replace("\n", " ").replace("|", "\\|")
        if block is None:
            yield key, _values(field), _default(key, field), meaning
            continue
        named = get_origin(field.annotation) is dict
        if named or field.default is None or NoneType in get_args(field.annotation):
            yield key, "map by name" if named else "block", _default(key, field), meaning
        yield from rows(block, f"{key}.<name>." if named else f"{key}.")


def _block(annotation: Any) -> type[BaseModel] | None:
    """The model inside *annotation*: itself, optional, or the values of a map."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _values(field: FieldInfo) -> str:
    annotation = field.annotation
    options = [item for item in get_args(annotation) if item is not NoneType] or [annotation]
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{item}`" for item in get_args(annotation))
    if get_origin(annotation) is dict:
        return "map"
    if get_origin(annotation) is tuple:
        return "list"
    kind = {int: "whole number", float: "number", bool: "true, false", str: "text"}.get(options[0], "text")
    bounds = {type(item).__name__.lower(): item for item in field.metadata}
    low, high = getattr(bounds.get("ge"), "ge", None), getattr(bounds.get("le"), "le", None)
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"{kind} from {low}" if low is not None else kind


def _default(key: str, field: FieldInfo) -> str:
    pattern = key.replace(".<name>.", ".*.")
    for row in TIERS:
        if row.key == pattern:
            values = [_shown(value) for value in row[1:]]
            return values[0] if len(set(values)) == 1 else " / ".join(values)
    for choice in PROVIDERS:
        if choice.key == pattern:
            return f"{_shown(choice.others)}, on gcp {_shown(choice.gcp)}"
    if key in BY_PROVIDER:
        return BY_PROVIDER[key]
    if pattern.startswith("services.*."):
        by_kind = [_at(kind, pattern.removeprefix("services.*.").split(".")) for kind in SERVICE_KINDS.values()]
        if by_kind[0] is not None:
            return " / ".join(_shown(value) for value in by_kind)
    if field.default is PydanticUndefined:
        return "required"
    return _shown(field.default)


def _at(block: Any, path: list[str]) -> Any:
    for part in path:
        block = block.get(part) if isinstance(block, dict) else None
    return block


def _shown(value: Any) -> str:
    if value is None or value in ((), {}, ""):
        return "none"
    if isinstance(value, BaseModel):
        return "its defaults"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(insert(readme.read_text()))
