"""The drawing and the Mermaid text: everything is there once, nothing overlaps, nothing breaks out."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from operations.review.access.way import Place, Way
from operations.review.diagram import draw, mermaid, svg
from operations.review.layout import LIMIT, layout
from operations.review.page.markup import xml
from operations.review.posture import Posture
from tests.operations.review.access.graphs import made, of, real, stack, told
from tests.recorder import ROOT

NAMES = sorted(file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml"))
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>\"]-->|'`#&\x00"


def place(name: str, what: str = "ECS service", *, holds: bool = False) -> Place:
    return Place(name, name, what, "aws:ecs/service:Service", holds, (name,))


@pytest.mark.parametrize("name", NAMES)
def test_every_place_is_drawn_once_and_boxes_do_not_overlap(name: str) -> None:
    found = layout(told(name))
    boxes = [box for box in found.boxes if box.kind != "lane"]
    drawn = {one.name for one in told(name).places if one.component != "network"}
    assert drawn <= {box.title for box in boxes}
    assert len(boxes) == len({box.key for box in boxes})
    for one, other in combinations(found.boxes, 2):
        apart = (
            one.x + one.width <= other.x
            or other.x + other.width <= one.x
            or one.y + one.height <= other.y
            or other.y + other.height <= one.y
        )
        assert apart, (one, other)
    assert all(box.x + box.width <= found.width and box.y + box.height <= found.height for box in found.boxes)


@pytest.mark.parametrize("name", NAMES)
def test_data_stands_right_of_what_reaches_it(name: str) -> None:
    found = layout(told(name))
    columns = {box.key: box.column for box in found.boxes}
    last = max(columns.values())
    assert {columns[one.name] for one in told(name).places if one.holds and one.name in columns} == {last}
    for line in found.lines:
        assert [box.column for box in line.through] == list(range(line.through[0].column, line.through[-1].column + 1)) or len(
            line.through
        ) == 2


def test_an_svg_of_its_own() -> None:
    root = ElementTree.fromstring(svg(real("prod")))
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    described = root.findtext(f"{SVG}desc") or ""
    assert "backups, database-proxy, database-rotation and job-migrate can connect to database-cluster on 5432." in described
    texts = {text.text for text in root.iter(f"{SVG}text")}
    assert {"service-api", "database-proxy", "database-cluster", "the internet", "5432"} <= texts
    assert svg(real("prod")) == svg(real("prod"))
    assert "http" not in svg(real("prod")).replace("http://www.w3.org/2000/svg", "")


def test_lines_end_at_their_boxes() -> None:
    drawing = draw(told("prod"), "title")
    found = layout(told("prod"))
    paths = [path.get("d") or "" for path in drawing.iter("path") if "way" in (path.get("class") or "")]
    assert len(paths) == len(found.lines) > 10
    for path, line in zip(paths, found.lines, strict=True):
        x, y = (float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)[:2])
        source = line.through[0]
        assert x == pytest.approx(source.x + source.width, abs=0.01)
        assert source.y <= y <= source.y + source.height


def test_names_are_text_and_nothing_else() -> None:
    hostile = Posture((place(HOSTILE), place("b", holds=True)), (Way(HOSTILE, "b", HOSTILE),), (), (HOSTILE,))
    drawing = ElementTree.fromstring(xml(draw(hostile, HOSTILE)))
    assert not list(drawing.iter("script"))
    assert "\x00" not in xml(draw(hostile, HOSTILE))


def test_mermaid_says_the_same() -> None:
    text = mermaid(real("prod"))
    ids = dict(re.findall(r'^  (n\d+)[\[(]+"([^"<]*)', text, re.MULTILINE))
    edges = {(ids[a], label, ids[b]) for a, label, b in re.findall(r'^  (n\d+) -\.?->\|"([^"]*)"\| (n\d+)$', text, re.MULTILINE)}
    assert text.startswith("flowchart LR\n")
    assert {
        ("the internet", "80, 443", "ingress"),
        ("service-api", "5432", "database-proxy"),
        ("service-api", "files", "bucket-static-bucket"),
    } < edges
    assert not any(a == "service-web" and b.startswith("database") for a, _, b in edges)
    assert len(text.splitlines()) == 1 + len(ids) + len(edges)


def test_mermaid_cannot_be_broken_out_of() -> None:
    """Tried with Mermaid 11: this is drawn as it stands; with the percent signs as they are it is refused."""
    text = mermaid(stack("aws", made("aws:rds/instance:Instance", 'a"]\n  b["`#<b>;%%{end}|\x00')))
    head, box = text.splitlines()
    assert head == "flowchart LR"
    assert re.fullmatch(r"""  n0\[\("[\w .,:/+'()#;-]*<br/>RDS instance"\)\]""", box)


def test_a_thousand_databases_are_counted_and_not_drawn() -> None:
    huge = stack("aws", *(made("aws:rds/instance:Instance", f"database-{number}") for number in range(1000)))
    found = layout(of("aws", *huge.resources))
    assert len(found.boxes) == LIMIT
    assert found.left_out == 1000 - LIMIT
    assert f"{1000 - LIMIT} more places" in mermaid(huge)
    assert f"{1000 - LIMIT} more places" in svg(huge)


def test_a_stack_without_anything() -> None:
    assert mermaid(stack("aws")) == "flowchart LR\n"
    ElementTree.fromstring(svg(stack("aws")))
