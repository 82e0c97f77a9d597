"""Which resource of one revision is which of the other: by URN, or by an alias where it was renamed or moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from operations.review.graph import Graph


def matched(before: Graph, after: Graph) -> Mapping[str, str]:
    """The URN in *before* of every resource of *after* that was there."""
    free = {resource.urn for resource in before.stack.resources}
    found: dict[str, str] = {resource.urn: resource.urn for resource in after.stack.resources if resource.urn in free}
    free -= set(found)
    left = [resource for resource in after.stack.resources if resource.urn not in found]
    # Parents before their children: a child's old name follows from that of its parent.
    for resource in sorted(left, key=lambda one: (one.urn.split("::")[2].count("$"), one.urn)) if free else ():
        once = next((urn for urn in _once(resource.urn, resource.parent, after, found) if urn in free), None)
        if once:
            found[resource.urn] = once
            free.discard(once)
    return found


def _once(urn: str, parent: str, after: Graph, found: Mapping[str, str]) -> Iterator[str]:
    """What *urn* may have been: its own aliases, and what its parent's alias makes of it, as the engine works it out."""
    yield from after.aliases.get(urn, ())
    above = found.get(parent, parent)
    if above == parent:
        return
    head, qualified, name = urn.rsplit("::", 2)
    kind = qualified.rpartition("$")[2]
    _, above_qualified, above_name = above.rsplit("::", 2)
    parent_name = parent.rpartition("::")[2]
    inherited = above_name + name.removeprefix(parent_name) if name.startswith(parent_name) else name
    yield f"{head}::{above_qualified}${kind}::{inherited}"
