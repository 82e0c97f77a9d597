"""The diagram of a stack, who connects to whom: as a drawing (SVG) and as Mermaid for a comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from operations.review.layout import LINE, Box, Layout, Line, arrows, layout
from operations.review.page.markup import h, xml
from operations.review.posture import Posture, posture
from policies.resource import Stack

STYLE = """
.diagram { --ink: light-dark(#1c2430, #e6eaf0); --soft: light-dark(#5b6675, #9aa6b5); --card: light-dark(#ffffff, #1d232c);
  --edge: light-dark(#c6ceda, #3d4756); --data: light-dark(#e7f0fd, #182b45); --data-edge: light-dark(#7fa7dd, #3f6ea8);
  --line: light-dark(#7d8898, #8592a3); font: 600 13px system-ui, sans-serif; }
.diagram rect { fill: var(--card); stroke: var(--edge); }
.diagram .data rect { fill: var(--data); stroke: var(--data-edge); }
.diagram .outside rect { fill: none; stroke: var(--soft); stroke-dasharray: 4 3; }
.diagram text { fill: var(--ink); }
.diagram .note { fill: var(--soft); font-size: 11.5px; font-weight: 400; }
.diagram .port { fill: var(--soft); font-size: 11px; font-weight: 400; paint-order: stroke; stroke: light-dark(#fbfcfe, #14181f);
  stroke-width: 4px; }
.diagram path.way { fill: none; stroke: var(--line); stroke-width: 1.4px; }
.diagram path.right { stroke-dasharray: 2 4; stroke-linecap: round; }
.diagram path.head { fill: var(--line); }
"""
"""Light and dark by the reader's choice; a page that holds the diagram says ``color-scheme: light dark``."""

ALONE = "svg { color-scheme: light dark; background: light-dark(#fbfcfe, #14181f); }"


def svg(stack: Stack) -> str:
    """The diagram of *stack* as an SVG file of its own."""
    drawing = draw(posture(stack), f"Diagram of stack {stack.name}")
    drawing.set("xmlns", "http://www.w3.org/2000/svg")
    drawing.insert(0, h("style", None, ALONE + STYLE))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + xml(drawing) + "\n"


def draw(of: Posture, title: str) -> Element:
    """The drawing without its style (:data:`STYLE`). The description says in words what it shows."""
    found = layout(of)
    told = " ".join(of.sentences())
    left_out = f"{found.left_out} more places are not drawn." if found.left_out else None
    return h(
        "svg",
        {
            "class": "diagram",
            "viewBox": f"0 0 {found.width:g} {found.height + (24 if left_out else 0):g}",
            "width": found.width,
            "height": found.height + (24 if left_out else 0),
            "role": "img",
            "aria-label": title,
        },
        h("desc", None, told),
        _lines(found),
        (_box(box) for box in found.boxes if box.kind != "lane"),
        h("text", {"class": "note", "x": 16, "y": found.height + 8}, left_out) if left_out else None,
    )


def _box(box: Box) -> Element:
    title, note = (_short(text, box.width, size) for text, size in ((box.title, 7.2), (box.note, 6.2)))
    middle = box.y + box.height / 2
    return h(
        "g",
        {"class": box.kind},
        h("title", None, f"{box.title}: {box.note}" if box.note else box.title),
        h("rect", {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "rx": 10 if box.kind != "data" else 18}),
        h("text", {"x": box.x + 14, "y": middle - (3 if note else -4)}, title),
        h("text", {"class": "note", "x": box.x + 14, "y": middle + 15}, note) if note else None,
    )


def _lines(found: Layout) -> Iterator[Element]:
    starts = _ends(found.lines, lambda line: (line.through[0], line.through[1]))
    for line in found.lines:
        source, target = line.through[0], line.through[-1]
        y = starts[id(line)]
        end = _arrival(line)
        dashed = " right" if line.dashed else ""
        yield h("path", {"class": f"way{dashed}", "d": _path(line, y, end)}, h("title", None, line.told))
        inward = -1 if target.column <= source.column else 1
        tip = target.x if inward == 1 else target.x + target.width
        yield h("path", {"class": "head", "d": f"M{tip:g} {end:g} l{-8 * inward} -4 v8 z"})
    for line in found.lines:
        x = line.through[0].x + line.through[0].width + 8
        yield h("text", {"class": "port", "x": x, "y": starts[id(line)] - 4}, line.label)


def _ends(lines: Iterable[Line], which: object) -> dict[int, float]:
    """Where each line leaves its box: one under the other, in the order of where they go."""
    leaving: dict[int, list[Line]] = {}
    for line in lines:
        leaving.setdefault(id(line.through[0]), []).append(line)
    found: dict[int, float] = {}
    for of in leaving.values():
        of.sort(key=lambda line: (line.through[1].y, line.told))
        box = of[0].through[0]
        first = box.y + box.height / 2 - LINE * (len(of) - 1) / 2
        found |= {id(line): first + LINE * number for number, line in enumerate(of)}
    return found


def _arrival(line: Line) -> float:
    target = line.through[-1]
    return target.y + target.height / 2


def _path(line: Line, start: float, end: float) -> str:
    """Curves from box to box, straight along the lanes; a line that goes back or stays in its column swings out to the right."""
    source, *lanes, target = line.through
    x = source.x + source.width
    path = f"M{x:g} {start:g}"
    if target.column <= source.column:
        to = target.x + target.width
        swing = max(x, to) + 46
        return f"{path} C{swing:g} {start:g} {swing:g} {end:g} {to + 6:g} {end:g}"
    y = start
    for lane in lanes:
        level = lane.y + lane.height / 2
        path += f"{_curve(x, y, lane.x, level)} H{lane.x + lane.width:g}"
        x, y = lane.x + lane.width, level
    return path + _curve(x, y, target.x - 6, end)


def _curve(x: float, y: float, to: float, level: float) -> str:
    half = (to - x) / 2
    return f" C{x + half:g} {y:g} {to - half:g} {level:g} {to:g} {level:g}"


def _short(text: str, width: float, size: float) -> str:
    room = int((width - 22) / size)
    return text if len(text) <= room else f"{text[: room - 1]}\u2026"


def mermaid(stack: Stack) -> str:
    """The diagram as Mermaid's text, without a fence. Connections that places open to the internet stand in their boxes."""
    of = posture(stack)
    drawn, found = arrows(of), layout(of)
    boxes = {box.key: f"n{number}" for number, box in enumerate(box for box in found.boxes if box.kind != "lane")}
    lines = ["flowchart LR"]
    for box in found.boxes:
        if box.kind != "lane":
            text = "<br/>".join(_quoted(part) for part in (box.title, box.note) if part)
            shape = {"data": f'[("{text}")]', "outside": f'(["{text}"])'}.get(box.kind, f'["{text}"]')
            lines.append(f"  {boxes[box.key]}{shape}")
    for arrow in drawn:
        if arrow.source in boxes and arrow.target in boxes:
            line = "-.->" if arrow.dashed else "-->"
            lines.append(f'  {boxes[arrow.source]} {line}|"{_quoted(arrow.label)}"| {boxes[arrow.target]}')
    if found.left_out:
        lines.append(f'  more["{found.left_out} more places"]')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """*text* on one line within quotation marks of Mermaid, which takes more than them for its own: the rest as code points."""
    return "".join(letter if letter.isalnum() or letter in _PLAIN else f"#{ord(letter)};" for letter in " ".join(text.split()))


_PLAIN = " .,:/+-_'()\u00d7\u2192"
