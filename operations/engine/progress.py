"""Follows an operation by the engine's events: a line for each finished step, the running ones live, errors kept."""

from __future__ import annotations

import threading
import time
from collections import Counter

from pulumi.automation.events import DiagnosticEvent, EngineEvent, OpType, StepEventMetadata
from rich.console import Console
from rich.progress import Progress as Live
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from operations.console import seconds
from operations.engine.resources import Resource, describe, is_custom

DOING = {
    OpType.CREATE: ("creating", "created"),
    OpType.UPDATE: ("updating", "updated"),
    OpType.DELETE: ("deleting", "deleted"),
    OpType.CREATE_REPLACEMENT: ("replacing", "replaced"),
    OpType.DELETE_REPLACED: ("removing the old", "old gone"),
    OpType.READ: ("reading", "read"),
    OpType.IMPORT: ("importing", "imported"),
}
PLANNED = {
    OpType.CREATE: "create",
    OpType.UPDATE: "update",
    OpType.DELETE: "delete",
    OpType.CREATE_REPLACEMENT: "replace",
    OpType.IMPORT: "import",
}
_STILL = 30.0
"""Seconds after which a step that still runs is mentioned where the output is no terminal, and again after as many."""


class Progress:
    """An ``on_event`` callback; use as a context manager around the operation.

    Afterwards: ``errors`` (raw diagnostics), ``changes`` (how often each kind of step was done), ``resources`` (all seen, by
    URN), ``unfinished`` (labels of steps begun and not ended).
    """

    def __init__(self, console: Console, *, planned: bool = False) -> None:
        self.errors: list[str] = []
        self.changes: Counter[OpType] = Counter()
        self.resources: dict[str, Resource] = {}
        self._console, self._planned = console, planned
        self._running: dict[str, tuple[str, float]] = {}
        self._tasks: dict[str, TaskID] = {}
        self._heard, self._over, self._left = False, threading.Event(), threading.Event()
        self._live = Live(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Progress:
        self._live.start()
        if not self._console.is_terminal:
            threading.Thread(target=self._mention, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._live.stop()

    @property
    def unfinished(self) -> list[str]:
        return [doing for doing, _ in list(self._running.values())]

    def wait_for_end(self) -> None:
        """Until the engine's last event has come: the CLI may have ended a moment before.

        An engine that never began, or was dropped, sends none; then the wait is short or none.
        """
        if self._heard:
            self._over.wait(1)
            self._over.set()

    def say(self, text: str) -> None:
        """A line that stays, above the live ones."""
        self._console.print(text)

    def __call__(self, event: EngineEvent) -> None:
        self._heard = True
        if event.resource_pre_event:
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event:
            self._end(event.res_outputs_event.metadata, failed=False)
        elif event.res_op_failed_event:
            self._end(event.res_op_failed_event.metadata, failed=True)
        elif event.diagnostic_event:
            self._diagnose(event.diagnostic_event)
        elif event.cancel_event:
            self._over.set()

    def _begin(self, step: StepEventMetadata) -> None:
        state = step.new or step.old
        if state is None or not is_custom(state):
            return
        label = describe(state).label
        if self._planned:
            if step.op in PLANNED:
                self.changes[step.op] += 1
                keys = f" (for {', '.join(step.diffs)})" if step.diffs and step.op is not OpType.CREATE else ""
                self._console.print(f"  {PLANNED[step.op]:<9}{label}{keys}")
        elif step.op in DOING:
            doing = f"{DOING[step.op][0]} {label}"
            self._running[step.urn] = (doing, time.monotonic())
            self._tasks[step.urn] = self._live.add_task(f"{doing} ...", total=None)

    def _end(self, step: StepEventMetadata, *, failed: bool) -> None:
        state = step.new or step.old
        if state is None or not is_custom(state):
            return
        resource = describe(state, gone=step.op is OpType.REFRESH and step.new is None)
        _, begun = self._running.pop(step.urn, ("", time.monotonic()))
        if step.urn in self._tasks:
            self._live.remove_task(self._tasks.pop(step.urn))
        if step.op is OpType.DELETE:
            self.resources.pop(step.urn, None)
        elif step.op is not OpType.DELETE_REPLACED:
            self.resources[step.urn] = resource
        if step.op is OpType.REFRESH:
            self._found(step, resource)
        elif step.op in DOING and not self._planned:
            self.changes[step.op] += not failed
            done = "FAILED" if failed else DOING[step.op][1]
            self._console.print(f"  {done:<9}{resource.label} ({seconds(time.monotonic() - begun)})")

    def _found(self, step: StepEventMetadata, resource: Resource) -> None:
        """Say when a refresh found a thing in another state than it was left in."""
        before = describe(step.old).status if step.old else ""
        if resource.status != before and resource.down:
            self._console.print(f"  found    {resource.label} {resource.status}")

    def _diagnose(self, event: DiagnosticEvent) -> None:
        if event.severity == "error":
            self.errors.append(event.message)
        elif event.severity == "warning" and "from $PATH" not in event.message:
            self._console.print(f"  warning: {event.message.strip()}")
        elif event.severity.startswith("info") and not event.ephemeral and event.message.strip():
            self._console.print(f"  {event.message.strip()}")

    def _mention(self) -> None:
        while not self._left.wait(_STILL):
            for doing, begun in list(self._running.values()):
                if time.monotonic() - begun >= _STILL:
                    self._console.print(f"  still {doing} ({seconds(time.monotonic() - begun)})")
