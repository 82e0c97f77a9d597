"""What becomes of every resource between two revisions, and why a replacement is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from operations.review.create_only import kind_of
from operations.review.difference import differences
from operations.review.graph import Graph, StandIns
from operations.review.match import matched
from operations.review.model import Change, Kind, PropertyChange
from operations.review.program import SECRET
from policies.resource import COMPONENT, Resource
from policies.values import ABSENT

ORDER = (Kind.REMOVED, Kind.REPLACED, Kind.ADDED, Kind.CHANGED)


def compare(before: Graph, after: Graph) -> tuple[Change, ...]:
    """Every resource that is not the same, worst kind first, then by component, type and name; components are left out."""
    olds = matched(before, after)
    kept = set(olds.values())
    renamed = {
        value: other
        for new, old in olds.items()
        if new.rpartition("::")[2] != old.rpartition("::")[2]
        for value, other in _by_output(before.stand_ins[old], after.stand_ins[new])
    }
    found = [Change(Kind.REMOVED, item) for item in before.stack.resources if item.urn not in kept]
    pairs: dict[str, tuple[Resource, Mapping[str, Any]]] = {}
    for item in after.stack.resources:
        if item.urn not in olds:
            found.append(Change(Kind.ADDED, item))
            continue
        exact = _moved(before.exact[olds[item.urn]], renamed) if renamed else before.exact[olds[item.urn]]
        old = before.stack.get(olds[item.urn])
        assert old is not None
        pairs[item.urn] = (old, exact)
        change = _changed(old, exact, item, before, after)
        if change:
            found.append(change)
    found = _with_consequences(found, pairs, after)
    shown = [change for change in found if not change.resource.type.startswith(COMPONENT)]
    return tuple(sorted(shown, key=_place))


def _place(change: Change) -> tuple[int, str, str, str]:
    return ORDER.index(change.kind), change.resource.component, change.resource.type, change.resource.name


def _changed(old: Resource, exact: Mapping[str, Any], new: Resource, before: Graph, after: Graph) -> Change | None:
    kind, now = kind_of(new.type), after.exact[new.urn]
    properties: list[PropertyChange] = []
    reasons: list[str] = []
    for key in sorted({*exact, *now}):
        if key not in now and kind and key in kind.kept:
            continue  # computed as well: the cloud keeps what it has
        found = [item for item in differences(exact.get(key, ABSENT), now.get(key, ABSENT), key) if not _ignored(item[0], new)]
        if not found:
            continue
        forcing = list(kind.forcing(key, exact, now)) if kind else []
        forcing += [
            path for path in after.replace_on_changes.get(new.urn, ()) if path in ("*", key) or path.startswith(f"{key}.")
        ]
        reasons += forcing
        for path, one, other in found:
            values = _shown(one, old, key, before), _shown(other, new, key, after)
            properties.append(PropertyChange(path, *values, create_only=any(_covers(item, path) for item in forcing)))
    if old.protect != new.protect:
        properties.append(PropertyChange("(protect)", old.protect, new.protect))
    if not properties:
        return None
    if not reasons:
        return Change(Kind.CHANGED, new, tuple(properties))
    names = ", ".join(dict.fromkeys("any property" if path == "*" else path for path in reasons))
    return Change(Kind.REPLACED, new, tuple(properties), f"{names} can be set only while the resource is created")


def _with_consequences(
    found: list[Change], pairs: Mapping[str, tuple[Resource, Mapping[str, Any]]], after: Graph
) -> list[Change]:
    """*found* and what is replaced because something that it is made from is replaced, as far as that goes."""
    changes = {change.resource.urn: change for change in found}
    waiting = [change.resource for change in found if change.kind is Kind.REPLACED]
    while waiting:
        cause = waiting.pop()
        for item in after.stack.referrers(cause.urn):
            change = changes.get(item.urn)
            if item.urn not in pairs or (change and change.kind is Kind.REPLACED):
                continue
            forcing = list(_forced_by(cause, item, after))
            if forcing:
                reason = (
                    f"{', '.join(forcing)} can be set only while it is created, and comes from {cause.name}, which is replaced"
                )
                properties = change.properties if change else ()
                changes[item.urn] = Change(Kind.REPLACED, item, properties, reason)
                waiting.append(item)
    return list(changes.values())


def _forced_by(cause: Resource, item: Resource, after: Graph) -> Iterator[str]:
    """The create-only paths of *item* that hold an output of *cause*."""
    kind, now = kind_of(item.type), after.exact[item.urn]
    stand_ins = after.stand_ins[cause.urn]
    for key, urns in item.property_depends_on.items():
        if kind and cause.urn in urns and key in now and not _ignored(key, item):
            later = _moved(now[key], {value: f"{value} (new)" for value in stand_ins})
            if later != now[key]:
                yield from kind.forcing(key, now, {**now, key: later})


def _by_output(old: StandIns, new: StandIns) -> Iterator[tuple[Any, Any]]:
    """What stands for each output of a resource that was renamed: before and now."""
    names = {label.partition(".")[2]: value for value, label in new.items()}
    for value, label in old.items():
        if label.partition(".")[2] in names:
            yield value, names[label.partition(".")[2]]


def _moved(value: Any, to: Mapping[Any, Any]) -> Any:
    """*value* with *to* put in place: whole leaves, and parts of texts that hold more."""
    if isinstance(value, Mapping):
        return {key: _moved(item, to) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, to) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    if value in to:
        return to[value]
    if isinstance(value, str):
        for one in sorted((one for one in to if isinstance(one, str) and one in value), key=len, reverse=True):
            value = value.replace(one, to[one])
    return value


def _shown(value: Any, resource: Resource, key: str, graph: Graph) -> Any:
    """*value* for people: what only the cloud knows by its name, secrets hidden."""
    if isinstance(value, Mapping):
        return {name: _shown(item, resource, key, graph) for name, item in value.items()}
    if isinstance(value, list):
        return [_shown(item, resource, key, graph) for item in value]
    if isinstance(value, str) and value.startswith(f"{SECRET} "):
        return SECRET
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        for urn in resource.property_depends_on.get(key, ()):
            if value in graph.stand_ins.get(urn, {}):
                return f"<{graph.stand_ins[urn][value]}>"
    return value


def _ignored(path: str, resource: Resource) -> bool:
    return any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in resource.ignore_changes)


def _covers(create_only: str, path: str) -> bool:
    """Whether a change at *path* is one of what the table calls *create_only*."""
    plain = create_only.replace("[]", "")
    return create_only == "*" or path == plain or path.startswith((f"{plain}.", f"{plain}["))
