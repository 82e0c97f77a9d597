"""The shape that local resources share: made so, looked at, removed. What was killed outside Pulumi is seen and mended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from pulumi.dynamic import CreateResult, DiffResult, ReadResult, UpdateResult

from components.dynamic import DynamicProvider, changed, inputs
from components.local.host.processes.status import ServiceState

RUNNING, PRESENT, ABSENT = "running", "present", "absent"

GOOD = frozenset({RUNNING, PRESENT, "starting"})
"""States in which the next `up` has nothing to do. A process that is unwell, though supervised, is not among them: the update
starts it afresh, waits until it is healthy, and says why with its last log lines when that does not happen."""

Values = dict[str, Any]


class ConvergingProvider(DynamicProvider, ABC):
    """Creation, change and mending are one thing: :meth:`converge`. An interrupted `up` is therefore continued by the next."""

    ID: ClassVar[tuple[str, ...]]
    """Properties that make the id."""
    PLACE: ClassVar[tuple[str, ...]]
    """Properties whose change makes another thing."""
    KEYS: ClassVar[tuple[str, ...]]
    """Properties whose change is applied in place."""

    @abstractmethod
    def converge(self, values: Values) -> Values:
        """Make it as *values* say, from whatever state it is in; returns its outputs, ``status`` among them."""

    @abstractmethod
    def look(self, values: Values) -> Values:
        """The outputs that say how it is now, ``status`` among them. Changes nothing, takes milliseconds."""

    @abstractmethod
    def remove(self, values: Values) -> None:
        """Remove it; fine when it is gone already. Refuses with a sentence while it is protected."""

    def create(self, props: Values) -> CreateResult:
        values = inputs(props)
        return CreateResult("/".join(str(values[key]) for key in self.ID), values | self.converge(values))

    def update(self, _id: str, _olds: Values, news: Values) -> UpdateResult:
        values = inputs(news)
        return UpdateResult(values | self.converge(values))

    def read(self, id_: str, props: Values) -> ReadResult:
        values = inputs(props)
        return ReadResult(id_, values | self.look(values))

    def diff(self, _id: str, olds: Values, news: Values) -> DiffResult:
        replaces = [key for key in self.PLACE if changed(olds, news, [key])]
        # Looked at now, too: what was killed is mended by a plain `up`, without a refresh before it.
        well = {olds.get("status"), self.look(inputs(olds))["status"]} <= GOOD
        return DiffResult(
            changes=bool(replaces) or not well or changed(olds, news, self.KEYS), replaces=replaces, delete_before_replace=True
        )

    def delete(self, _id: str, props: Values) -> None:
        self.remove(inputs(props))


def status_word(state: ServiceState) -> str:
    """``running`` for a healthy process, else its state: starting, unhealthy, backoff, stopped or absent."""
    return RUNNING if state.healthy else state.state
