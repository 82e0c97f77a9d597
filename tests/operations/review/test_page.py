"""The HTML page in a real browser: no errors, nothing loaded, usable by keyboard and on a phone; no value becomes markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from operations.engine.checkout import Checkout
from operations.review import report, words
from operations.review.html import page
from operations.review.model import Change, Kind, Operation, PropertyChange, Review, Risk, Unreviewed
from operations.review.page.rows import LIMIT
from operations.review.posture import posture
from policies.verdict import Failed, Finding
from tests.browser import CONTRAST, SMALL, browser
from tests.operations.review.access.graphs import made
from tests.recorder import ROOT

pytestmark = pytest.mark.timeout(600)  # it may have to install a browser first

TODAY = date(2026, 11, 21)
HOSTILE = "</script><script>window.broken=1</script><img src=x onerror=window.broken=2>\"'&\x00]]>"
BAD = Unreviewed("broken", ("Pulumi.broken.yaml is not valid YAML.", HOSTILE))


@pytest.fixture(scope="module")
def prod() -> Review:
    (found,) = report.review(Checkout(ROOT), ["prod"], today=TODAY)
    assert isinstance(found, Review)
    return found


@pytest.fixture(scope="module")
def danger(prod: Review) -> Review:
    """As bad as it gets: a database replaced, rules broken, values with markup in them."""
    cluster = next(one for one in prod.stack.resources if one.name == "database-cluster")
    odd = made("aws:new/thing:Thing", HOSTILE)
    replaced = Change(
        Kind.REPLACED, cluster, (PropertyChange("databaseName", HOSTILE, "other", create_only=True),), "It is create-only."
    )
    changes = (
        replaced,
        Change(Kind.ADDED, odd),
        Change(Kind.CHANGED, odd, (PropertyChange("a.b", "1", "2"),)),
        Change(Kind.REMOVED, odd),
    )
    risk = Risk(Operation.REPLACE, cluster, "every database", HOSTILE, "Keep the name.")
    finding = Finding("database-encrypted", cluster.urn, Failed(HOSTILE))
    return replace(
        prod,
        before=prod.stack,
        against="main",
        changes=changes,
        risks=(risk,),
        report=replace(prod.report, findings=(finding, *prod.report.findings)),
        estimate_before=prod.estimate,
        notes=(HOSTILE,),
    )


@pytest.fixture(scope="module")
def chromium(danger: Review) -> Iterator[Browser]:
    """After the review: Playwright keeps an event loop running here, in which no program could run."""
    with browser() as found:
        yield found


@pytest.fixture
def opened(chromium: Browser, danger: Review, prod: Review, tmp_path: Path) -> Iterator[Page]:
    """The page of three outcomes, opened from a file; at the end nothing was said, loaded or run that should not be."""
    yield from _opened(chromium, page([danger, replace(prod, stack=replace(prod.stack, name="other")), BAD]), tmp_path)


def _opened(chromium: Browser, text: str, folder: Path, **options: object) -> Iterator[Page]:
    file = folder / "review.html"
    file.write_text(text)
    context = chromium.new_context(**options)  # type: ignore[arg-type]
    said: list[str] = []
    asked: list[str] = []
    found = context.new_page()
    found.on("console", lambda message: said.append(message.text))
    found.on("pageerror", lambda error: said.append(str(error)))
    found.on("request", lambda request: asked.append(request.url))
    found.goto(file.as_uri())
    yield found
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    assert found.evaluate("window.broken") is None
    context.close()


def test_the_danger_is_seen_first(opened: Page) -> None:
    assert opened.title() == "Review of prod, other, broken"
    heading = opened.locator("section.stack").first.locator("h3").first
    assert heading.inner_text() == "Data at risk"
    card = opened.locator(".card.danger").first
    assert card.inner_text().startswith("REPLACES DATA database-cluster")
    assert card.is_visible()
    assert "every database" in card.inner_text()
    assert opened.locator("nav .chip").all_inner_texts() == ["1 data loss risk, 1 violation", "fine", "could not be reviewed"]
    assert opened.get_by_text("databaseName").first.is_visible(), "what replaces a resource is open from the start"
    assert opened.get_by_text("Pulumi.broken.yaml is not valid YAML.").is_visible()


def test_what_a_stack_holds_is_text(opened: Page) -> None:
    assert opened.locator("img").count() == 0
    assert opened.locator("script").count() == 1
    assert words.value(HOSTILE.replace("\x00", "\ufffd")) in opened.locator("del").all_text_contents()


def test_everything_is_reached_by_keyboard(opened: Page) -> None:
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "To the reviews"
    assert opened.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]  # it shows when it has the focus
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.id") == "main"
    wanted = opened.locator("main :is(summary, a, button, input, .scroll):visible").count()
    for number in range(wanted):
        opened.keyboard.press("Tab")
        at = opened.evaluate("document.activeElement.outerHTML")[:200]
        assert not at.startswith("<body"), f"only {number} of {wanted} can be reached"
        assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", f"the focus must show on {at}"
    fold = opened.locator("summary", has_text="other ways").first
    fold.focus()
    opened.keyboard.press("Enter")
    assert opened.get_by_role("region", name="Ways").first.is_visible()


def test_the_filter(opened: Page) -> None:
    opened.keyboard.press("/")
    assert opened.evaluate("document.activeElement.id") == "filter"
    opened.keyboard.type("database-proxy-role")
    assert opened.locator("li.item:visible", has_text="database-proxy-role").count() > 0
    assert opened.locator("li.item:visible", has_text="service-web").count() == 0
    assert re.fullmatch(r"\d+ of \d+", opened.locator("#found").inner_text())
    opened.keyboard.press("Escape")
    assert opened.locator("#found").inner_text() == ""
    assert opened.locator(".gone").count() == 0
    assert opened.locator("details[open]").count() == 1, "folds are as they were"


def test_open_all_and_the_theme(opened: Page) -> None:
    button = opened.get_by_role("button", name="Open all")
    button.click()
    assert opened.locator("details:not([open])").count() == 0
    opened.get_by_role("button", name="Close all").click()
    assert opened.locator("details[open]").count() == 0
    background = "getComputedStyle(document.body).backgroundColor"
    before = opened.evaluate(background)
    opened.get_by_role("button", name="Theme").click()
    assert opened.evaluate(background) != before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(chromium: Browser, danger: Review, tmp_path: Path, scheme: str) -> None:
    size = {"width": 360, "height": 740}
    for found in _opened(
        chromium, page([danger, BAD]), tmp_path, viewport=size, is_mobile=True, has_touch=True, color_scheme=scheme
    ):
        assert found.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert found.evaluate(SMALL) == 0
        assert all((box.bounding_box() or {"height": 0})["height"] >= 40 for box in found.locator("nav a, button, input").all())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(chromium: Browser, danger: Review, tmp_path: Path, scheme: str) -> None:
    """WCAG 2.2 AA asks for a contrast of 4.5 to 1."""
    for found in _opened(chromium, page([danger, BAD]), tmp_path, color_scheme=scheme):
        found.get_by_role("button", name="Open all").click()
        assert found.evaluate(CONTRAST) == []


def test_it_is_whole_and_the_same_twice(prod: Review) -> None:
    """Every element is closed where it was opened, ids are unique, links lead somewhere, nothing is loaded."""
    text = page([prod, BAD])
    assert text == page([prod, BAD])
    found = _Outline()
    found.feed(text)
    assert found.open == []
    assert len(found.ids) == len(set(found.ids))
    assert {link for link in found.links if link.startswith("#")} <= {f"#{name}" for name in found.ids}
    assert [link for link in found.links if not link.startswith("#")] == ["data:,"]


class _Outline(HTMLParser):
    VOID = {"meta", "link", "input", "br", "img"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {key: value or "" for key, value in attrs}
        self.ids += [values["id"]] if "id" in values else []
        self.links += [values[key] for key in ("href", "src") if key in values]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_huge_stack_is_cut_and_says_so(danger: Review) -> None:
    many = tuple(made("aws:rds/instance:Instance", f"database-{number}", "database") for number in range(3 * LIMIT))
    changes = tuple(Change(Kind.ADDED, one) for one in many)
    found = tuple(Finding("database-encrypted", one.urn, Failed("must be set")) for one in many)
    huge = replace(danger.stack, resources=many)
    text = page(
        [replace(danger, stack=huge, changes=changes, report=replace(danger.report, findings=found), posture=posture(huge))]
    )
    assert text.count("and 1,000 more, which `--format json` lists") == 3
    assert len(text) < 1_000_000


def test_an_unknown_price_is_never_0(danger: Review) -> None:
    lines = tuple(replace(line, price=None) if line.component == "database" else line for line in danger.estimate.lines)
    text = page([replace(danger, estimate=replace(danger.estimate, lines=lines))])
    assert re.search(r">database</th>.*?>unknown</td>", text.replace("\n", ""))
    assert "Not known, and not in the sum:" in text
