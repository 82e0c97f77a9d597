"""Where the places of a stack stand in its diagram: columns from the outside to the data, few crossings, bundled lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from operations.review.access.way import GOOGLE, INTERNET, OUTSIDE, Place
from operations.review.posture import Posture

LIMIT = 60
"""Places that are drawn. A diagram of more says nothing."""
CHARACTER, TALL, LANE, GAP, ROWS, MARGIN, LINE = 7.9, 58.0, 12.0, 92.0, 24.0, 16.0, 15.0
"""Sizes in pixels: a character's width, a box, a lane's height, between columns, between rows, around all, per line end."""
SWEEPS = 6

ENTRANCES = ("load balancer", "CloudFront")
BETWEEN = ("RDS Proxy",)


@dataclass
class Box:
    """A place, something outside, or (without a title) a lane by which lines pass a column. Places have a *column* each."""

    key: str
    title: str = ""
    note: str = ""
    kind: str = "place"
    """``outside``, ``place``, ``data`` or ``lane``."""
    column: int = 0
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = TALL


@dataclass(frozen=True)
class Line:
    """An arrow: the boxes it runs through, the first and the last included."""

    through: tuple[Box, ...]
    label: str
    told: str
    """The whole way in words."""
    dashed: bool = False


@dataclass
class Layout:
    """Boxes that know where they are, and lines between them."""

    boxes: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    left_out: int = 0
    """Places that are not drawn, because there are too many."""
    width: float = 0
    height: float = 0


@dataclass(frozen=True, order=True)
class Arrow:
    """A line to draw: from and to a key, what stands at it, and the whole of it in words."""

    source: str
    target: str
    label: str
    told: str
    dashed: bool = False


def arrows(posture: Posture) -> list[Arrow]:
    """The ways but for those out to the internet (each place notes them), and rights on buckets as dashed lines."""
    drawn = [
        Arrow(way.source, way.target, way.ports, f"{way.source} to {way.target}: {way.ports} {way.via}".strip())
        for way in posture.ways
        if way.target not in (INTERNET, GOOGLE)
    ]
    homes = {place.name: place for place in posture.places}
    rights: dict[tuple[str, str], set[str]] = {}
    for grant in posture.grants:
        source = _home(grant.identity, posture.places)
        if grant.kind != "secret" and grant.what in homes and source:
            rights.setdefault((source, grant.what), set()).add(grant.verb)
    for (source, target), verbs in rights.items():
        told = " and ".join(sorted(verbs, reverse=True))
        label = "files" if len(verbs) > 1 else f"{told} files"
        drawn.append(Arrow(source, target, label, f"{source} may {told} {target}", dashed=True))
    return sorted(drawn)


def outgoing(posture: Posture) -> Mapping[str, str]:
    """By place: the ports on which it can connect to the internet."""
    return {way.source: way.ports for way in posture.ways if way.target == INTERNET}


def layout(posture: Posture) -> Layout:
    """The diagram of *posture*, the same for the same posture."""
    drawn = arrows(posture)
    used = {*(arrow.source for arrow in drawn), *(arrow.target for arrow in drawn)}
    wanted = [place for place in posture.places if place.name in used or not _is_log_store(place)]
    shown = wanted[:LIMIT]
    out = outgoing(posture)
    boxes = {place.name: Box(place.name, place.name, _note(place, out), "data" if place.holds else "place") for place in shown}
    left = {place.name for place in posture.places} - set(boxes)
    drawn = [arrow for arrow in drawn if not {arrow.source, arrow.target} & left]
    for name in sorted({*chain.from_iterable((one.source, one.target) for one in drawn)} - set(boxes)):
        boxes[name] = Box(name, name, kind="outside")
    _columns(boxes, shown, drawn)
    lanes: dict[tuple[str, int], Box] = {}
    lines = [_line(arrow, boxes, lanes) for arrow in drawn]
    found = Layout([*boxes.values(), *lanes.values()], lines, len(wanted) - len(shown))
    _arrange(found)
    return found


def _home(identity: str, places: Iterable[Place]) -> str | None:
    """The place of a component that acts for it: the one that keeps no data."""
    return next((place.name for place in places if place.component == identity and not place.holds), None)


def _is_log_store(place: Place) -> bool:
    return place.holds and place.component == "network"


def _note(place: Place, out: Mapping[str, str]) -> str:
    return f"{place.what} \u2192 internet {out[place.name]}" if place.name in out else place.what


def _columns(boxes: Mapping[str, Box], places: Iterable[Place], drawn: Iterable[Arrow]) -> None:
    """Outside, what starts connections, what serves, what stands between, data; columns without boxes are closed up."""
    reached = {arrow.target for arrow in drawn}
    for box in boxes.values():
        box.column = 4 if box.key in reached and box.key not in OUTSIDE else 0
    for place in places:
        starts = place.name not in reached or place.what.startswith(ENTRANCES)
        boxes[place.name].column = 4 if place.holds else 3 if place.what.startswith(BETWEEN) else 1 if starts else 2
    numbers = {old: new for new, old in enumerate(sorted({box.column for box in boxes.values()}))}
    for box in boxes.values():
        box.column = numbers[box.column]


def _line(arrow: Arrow, boxes: Mapping[str, Box], lanes: dict[tuple[str, int], Box]) -> Line:
    """Lines to the same target share a lane in each column that they pass."""
    source, target = boxes[arrow.source], boxes[arrow.target]
    passed = range(source.column + 1, target.column)
    between = [
        lanes.setdefault((target.key, at), Box(f"{target.key} {at}", kind="lane", column=at, height=LANE)) for at in passed
    ]
    return Line((source, *between, target), arrow.label, arrow.told, arrow.dashed)


def _arrange(found: Layout) -> None:
    columns = [
        sorted((box for box in found.boxes if box.column == at), key=lambda one: one.key)
        for at in range(1 + max((box.column for box in found.boxes), default=-1))
    ]
    near: dict[int, list[Box]] = {}
    for line in found.lines:
        for one, other in zip(line.through, line.through[1:], strict=False):
            near.setdefault(id(one), []).append(other)
            near.setdefault(id(other), []).append(one)
        first = line.through[0]
        first.height = max(first.height, TALL - 3 * LINE + LINE * sum(1 for each in found.lines if each.through[0] is first))
    x = MARGIN
    for boxes in columns:
        width = max((CHARACTER * max(len(box.title), len(box.note) * 0.86) + 28 for box in boxes), default=0)
        for box in boxes:
            box.x, box.width = x, min(max(width, 120), 260)
        x += (boxes[0].width if boxes else 0) + GAP
    _stack(columns)
    for sweep in range(SWEEPS):
        for boxes in columns if sweep % 2 == 0 else reversed(columns):
            middle = {id(box): _middle(near.get(id(box), []), box) for box in boxes}
            boxes.sort(key=lambda box: (middle[id(box)], box.key))
            _stack(columns)
    found.width = x - GAP + MARGIN if columns else 0
    found.height = max((box.y + box.height for box in found.boxes), default=0) + MARGIN


def _middle(others: Iterable[Box], box: Box) -> float:
    heights = [other.y + other.height / 2 for other in others if other.column != box.column]
    return sum(heights) / len(heights) if heights else box.y + box.height / 2


def _stack(columns: Iterable[list[Box]]) -> None:
    """One box under the other, each column in the middle of the tallest."""
    tall = [sum(box.height + ROWS for box in boxes) - ROWS for boxes in columns]
    for boxes, height in zip(columns, tall, strict=True):
        y = MARGIN + (max(tall) - height) / 2
        for box in boxes:
            box.y = y
            y += box.height + ROWS
