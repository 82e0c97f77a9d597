"""What dynamic Pulumi providers of all clouds share: typed inputs, comparison, and errors without tracebacks."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from pulumi.dynamic import ConfigureRequest, ResourceProvider

from components.errors import UserError

ENGINE_KEY = "__provider"
"""The key under which the engine keeps the reference to the provider class; never part of our inputs."""


def format_error() -> str:
    """The text the engine shows for the exception being handled: the bare sentence of a UserError, else the traceback."""
    error = sys.exc_info()[1]
    return str(error) if isinstance(error, UserError) else traceback.format_exc()


def inputs(props: Mapping[str, Any]) -> dict[str, Any]:
    """*props* without the engine's own key, numbers that crossed the wire as floats turned back into integers."""
    return {key: _whole(value) for key, value in props.items() if key != ENGINE_KEY}


def changed(olds: Mapping[str, Any], news: Mapping[str, Any], keys: Iterable[str]) -> bool:
    """Whether one of *keys* differs. An output that is still unknown differs from every value."""
    before, after = inputs(olds), inputs(news)
    return any(before.get(key) != after.get(key) for key in keys)


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


class DynamicProvider(ResourceProvider):
    """Base of our dynamic providers.

    Pulumi's provider process answers every exception with ``traceback.format_exc()``. A user who mistyped a port should
    read one sentence, so the name ``traceback`` in that process's main module is pointed at :func:`format_error`.
    """

    def configure(self, req: ConfigureRequest) -> None:
        main = sys.modules["__main__"]
        if getattr(main, "traceback", None) is traceback:
            main.traceback = SimpleNamespace(format_exc=format_error)  # type: ignore[attr-defined]
