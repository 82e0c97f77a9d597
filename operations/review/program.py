"""Runs a Pulumi program in this process without engine, cloud or plugins, and hears every resource that it registers."""

from __future__ import annotations

import asyncio
import gc
import json
import runpy
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pulumi
from pulumi.runtime import mocks, set_all_config
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.proto.source_pb2 import StackTrace
from pulumi.runtime.settings import SETTINGS

from operations.engine.program import settled
from operations.review.made_up import computed

PROJECT = "managed-postgres"
SECRET = "[secret]"
"""How a secret is shown, and what stands for one that is encrypted in a stack file."""

Registration = resource_pb2.RegisterResourceRequest


MakesUp = Callable[[str, str], dict[str, Any]]
"""From type token and name: outputs, by engine name."""


class Monitor(mocks.MockMonitor):
    """Answers as a provider would: inputs come back, what a cloud would compute is made up. Look-ups are refused."""

    def __init__(self, made_up: MakesUp = computed) -> None:
        super().__init__(_NO_MOCKS)
        self.made_up = made_up
        self.registered: dict[str, Registration] = {}
        """What the program asked for, by URN, in its order."""
        self.outputs: dict[str, dict[str, Any]] = {}
        """What was made up, by URN."""
        self.twice: list[str] = []
        """URNs that were registered more than once."""

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine does: the types of all parents but the stack."""
        above = parent.split("::")[2] if parent else ""
        qualified = f"{above}${type_}" if above and above != _STACK else type_
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{qualified}::{name}"

    def RegisterResource(self, request: Registration) -> resource_pb2.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        answer = resource_pb2.RegisterResourceResponse(urn=urn)
        if request.type == _STACK:
            return answer
        if urn in self.registered:
            self.twice.append(urn)
        self.registered[urn] = request
        answer.object.CopyFrom(request.object)
        if request.custom:
            answer.id = f"{request.name}-id"
            made = self.made_up(request.type, request.name)
            self.outputs[urn] = {key: value for key, value in made.items() if key not in request.object.fields}
            answer.object.update(self.outputs[urn])
        return answer

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:
        raise AssertionError(f"a component looked something up: {request.tok}")


_STACK = "pulumi:pulumi:Stack"
_NO_MOCKS: Any = None
"""The monitor answers by itself."""


def run(
    program: Callable[[], Any],
    config: Mapping[str, Any],
    *,
    stack_name: str,
    project: str = PROJECT,
    made_up: MakesUp = computed,
) -> tuple[Monitor, dict[str, Any]]:
    """Run *program* with *config*, the keys of a stack file; its registrations and its exported outputs.

    Keys without a namespace are *project*'s. Whatever the program raises is raised.
    """
    monitor = Monitor(made_up)
    exported: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    values = {key if ":" in key else f"{project}:{key}": _text(_readable(value)) for key, value in config.items()}

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(_Here())
        mocks.set_mocks(_NO_MOCKS, project, stack_name, preview=False, monitor=monitor)
        SETTINGS.outputs.clear()  # of a program before this one that failed halfway
        set_all_config(values)
        with patch.object(pulumi, "export", exported.__setitem__):
            try:
                program()
            except BaseException:
                with suppress(Exception):  # what it says of itself comes first
                    await settled()
                raise
            await settled()
        for key, value in exported.items():
            outputs[key] = await pulumi.Output.from_input(value).future()

    # where each resource was written in the program: a tenth of the time, and nobody reads it
    no_traces = patch("pulumi.runtime.resource._get_stack_trace", StackTrace)
    with _closed_loops(), _no_garbage_collection(), no_traces:
        _run_all(main())
    return monitor, outputs


def _run_all(work: Coroutine[Any, Any, None]) -> None:
    """``asyncio.run`` that knows its own tasks: in ``asyncio`` all that a process ever had are looked through at each end."""
    tasks: list[asyncio.Task[Any]] = []

    def begin(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        tasks.append(asyncio.Task(coroutine, loop=loop, **options))
        return tasks[-1]

    loop = asyncio.new_event_loop()
    loop.set_task_factory(begin)
    asyncio.set_event_loop(loop)
    try:
        loop.run_until_complete(work)
    finally:
        unfinished = [task for task in tasks if not task.done()]
        for task in unfinished:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*unfinished, return_exceptions=True))
        asyncio.set_event_loop(None)


def run_checkout(root: Path, config: Mapping[str, Any], *, stack_name: str, project: str) -> Monitor:
    """:func:`run` with ``<root>/__main__.py``, *root* first on the path for its imports."""
    sys.path.insert(0, str(root))
    try:
        return run(lambda: runpy.run_path(str(root / "__main__.py")), config, stack_name=stack_name, project=project)[0]
    finally:
        sys.path.remove(str(root))


def _readable(value: Any) -> Any:
    """*value* with a text in place of everything encrypted: nothing here can, or need, decrypt it."""
    if isinstance(value, Mapping):
        return SECRET if set(value) == {"secure"} else {key: _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    """As the engine passes a value of a stack file."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, default=str)


class _Here(ThreadPoolExecutor):
    """Runs what the SDK hands to a thread at once: nothing here waits for a network."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Half of the time of a large program would go into it."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def _closed_loops() -> Iterator[None]:
    """Close the event loops that Pulumi opens to serialise dynamic providers and forgets: tests make warnings errors."""
    made: list[asyncio.AbstractEventLoop] = []
    original = asyncio.new_event_loop

    def new_event_loop() -> asyncio.AbstractEventLoop:
        made.append(original())
        return made[-1]

    with patch("asyncio.new_event_loop", new_event_loop):
        try:
            yield
        finally:
            for loop in made:
                loop.close()
