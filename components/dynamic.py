"""What dynamic Pulumi providers of all clouds share: typed inputs, comparison, and errors without tracebacks."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from pulumi.dynamic import ConfigureRequest, CreateResult, DiffResult, ResourceProvider, UpdateResult

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


class CheckProvider(DynamicProvider):
    """Base of resources that look whether something is as wanted, and make nothing.

    They look at create and update, never at preview. A failed check leaves the resource as it was: the next `up` looks again.
    """

    keys: ClassVar[tuple[str, ...]]
    """The inputs. A change is noted."""
    again: ClassVar[tuple[str, ...]]
    """Those of which a change is something new to look at."""
    subject: ClassVar[str]
    """The input that names what is looked at: the resource's id."""
    seen: ClassVar[str]
    """The output."""

    def look(self, values: Mapping[str, Any]) -> str:
        """What was seen where all is well, else one sentence raised. *values*: the inputs."""
        raise NotImplementedError

    def create(self, props: dict[str, Any]) -> CreateResult:
        values = inputs(props)
        return CreateResult(values[self.subject], values | {self.seen: self.look(values)})

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        values = inputs(news)
        seen = self.look(values) if changed(olds, news, self.again) else olds.get(self.seen)
        return UpdateResult(values | {self.seen: seen})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=changed(olds, news, self.keys))
