"""What the server asks of a cloud: its table of types, its ids and outputs, what it remembers and what it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from operations.review.create_only import Kind
from tests.engine.standin.world import Record, World

Values = dict[str, Any]
OnCreate = Callable[[World, str, Values], Iterator[str]]
"""Says why a type cannot be made with these inputs, or nothing."""
OnChange = Callable[[World, Record, Values], Iterator[str]]
"""The same for an update to these inputs, and for a deletion; there the values are the state that the engine last saw,
by which the real provider decides."""

_PLAIN = Kind()


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """One pretended cloud."""

    kinds: Mapping[str, Kind]
    id_of: Callable[[str, str, Kind, Values], str]
    """Of a type, a logical name and inputs."""
    key_of: Callable[[str, str, Values], str]
    """What tells a resource with this type, id and outputs from all others of its type."""
    outputs_of: Callable[[World, str, str, Values], Values]
    """Computed outputs of a type, an id and inputs."""
    described: Callable[[World, str, Values, Values], Values]
    """Outputs that follow from the inputs at each change; the last are the outputs before it."""
    create: tuple[OnCreate, ...]
    update: tuple[OnChange, ...]
    delete: tuple[OnChange, ...]
    remember_creation: Callable[[World, str, Values], None]
    remember_deletion: Callable[[World, Record, Values], None]
    abandons: Callable[[Values], bool] = lambda state: False
    """Whether a deletion only forgets the resource, by the state that the engine last saw."""
    begun: Callable[[World, Record, Values], str | None] = lambda world, record, before: None
    """What begins when a resource is made or changed, such as the run of a job: the sentence of its failure. The last are the
    inputs before."""

    def kind_of(self, token: str) -> Kind:
        """The row of *token* (``aws:rds/cluster:Cluster``); one without surprises for a type that the table lacks."""
        return self.kinds.get(short(token), _PLAIN)

    def refuses_create(self, world: World, token: str, inputs: Values) -> str | None:
        """Why *token* cannot be made with *inputs*; None when it can."""
        return next((sentence for rule in self.create for sentence in rule(world, token, inputs)), None)

    def refuses_update(self, world: World, record: Record, inputs: Values) -> str | None:
        return next((sentence for rule in self.update for sentence in rule(world, record, inputs)), None)

    def refuses_delete(self, world: World, record: Record, state: Values) -> str | None:
        return next((sentence for rule in self.delete for sentence in rule(world, record, state)), None)


def short(token: str) -> str:
    """``rds/cluster:Cluster`` of ``aws:rds/cluster:Cluster``."""
    return token.partition(":")[2]
