"""Rules that every cloud has: what is used cannot be deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.engine.standin.cloud import OnChange, Values, short
from tests.engine.standin.world import Record, World


def in_use(referenced: Mapping[str, tuple[str, ...]], *, same_service: bool, called: tuple[str, ...] = ()) -> OnChange:
    """The rule that no resource of a type in *referenced* goes while another one names it in the properties given there.

    Where there are none its id is found nowhere else and every text counts; with *same_service* only types of the same service
    do where properties are given: a name alone says little. *called*: outputs by which others name it, besides its id.
    """

    def rule(world: World, record: Record, state: Values) -> Iterator[str]:
        kind = short(record.type)
        if kind not in referenced:
            return
        keys, names = referenced[kind], {record.id, *(record.outputs.get(key) for key in called)}
        users = [
            item.name
            for item in world.all()
            if item.key != record.key
            and not names.isdisjoint(texts({key: item.inputs.get(key) for key in keys} if keys else item.inputs))
            and (not keys or not same_service or short(item.type).startswith(f"{kind.partition('/')[0]}/"))
        ]
        if users:
            yield f"InUse: {kind} {record.id} is used by {', '.join(users)}"

    return rule


def texts(value: object) -> Iterator[str]:
    """Every text in *value*."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, str):
        yield value
