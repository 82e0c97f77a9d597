"""The formats: the same facts in each, dangerous first, short enough, and nothing secret."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from operations.engine.checkout import Checkout
from operations.review import as_json, markdown, report, text, words
from operations.review.model import Change, Kind, PropertyChange, Review, Unreviewed
from policies.values import ABSENT, UNKNOWN
from tests.operations.review.checkout import CLUSTER, checkout, commit

BAD = Unreviewed("broken", ("Pulumi.broken.yaml is not valid YAML.",))


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Review:
    """A database that is replaced, by a change with a secret and a mark-up in it."""
    root = checkout(tmp_path_factory.mktemp("checkout"))
    commit(root)
    secret = 'storage_encrypted=True, master_password=pulumi.Output.secret("hunter2"), db_cluster_parameter_group_name="<b>|x",'
    checkout(root, CLUSTER.replace('database_name="app"', 'database_name="other"').replace("storage_encrypted=True,", secret))
    (found,) = report.review(Checkout(root), ["test"], against="HEAD", today=date(2026, 9, 1))
    assert isinstance(found, Review)
    return found


def plain(*outcomes: Review | Unreviewed) -> str:
    return "\n".join(line for _, line in text.lines(outcomes))


def test_the_danger_comes_first_in_every_format(review: Review) -> None:
    for rendered in (plain(review), markdown.document([review])):
        assert "REPLACES DATA: " in rendered
        assert rendered.index("REPLACES DATA") < rendered.index("Changes: ")
        assert "databaseName can be set only while the resource is created" in rendered


def test_no_format_tells_a_secret(review: Review) -> None:
    for rendered in (plain(review), markdown.document([review]), json.dumps(as_json.document([review]))):
        assert "hunter2" not in rendered
        assert "[secret]" in rendered


def test_markdown_is_not_broken_by_values(review: Review) -> None:
    rendered = markdown.document([review, BAD])
    fences = rendered.count("```")
    assert fences % 2 == 0
    outside = "".join(rendered.split("```")[::2])
    assert "<b>" not in outside
    assert "### broken could not be reviewed" in rendered


def test_json_has_everything(review: Review) -> None:
    found = json.loads(json.dumps(as_json.document([review, BAD])))
    assert found["exit_code"] == 2
    one, other = found["stacks"]
    assert other == {"name": "broken", "reviewed": False, "errors": list(BAD.sentences)}
    assert one["risks"][0]["operation"] == "replace"
    cluster = next(change for change in one["changes"] if change["name"] == "database-cluster")
    assert {"path": "databaseName", "before": "app", "after": "other", "create_only": True} in cluster["properties"]
    assert one["cost"]["monthly_usd"] >= 0
    assert {"findings", "undecided", "waived", "expired_waivers", "unused_waivers", "coverage"} == set(one["policies"])


def test_several_stacks_end_with_one_line_each(review: Review) -> None:
    last = plain(review, BAD).splitlines()[-2:]
    assert last[0].startswith("test ")
    assert "1 data loss risk" in last[0]
    assert last[1] == "broken  could not be reviewed"


def test_a_comment_is_never_too_long(review: Review) -> None:
    properties = tuple(PropertyChange(f"property{number}", "x" * 70, "y" * 70) for number in range(100))
    many = tuple(Change(Kind.CHANGED, review.stack.resources[-1], properties) for _ in range(2000))
    rendered = markdown.document([replace(review, changes=many)])
    assert len(rendered) <= markdown.LIMIT
    assert "REPLACES DATA" in rendered
    assert "too long for a comment" in rendered


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (ABSENT, "not set"),
        (UNKNOWN, "known after the deployment"),
        ("", '""'),
        ("a\nb", "a b"),
        (True, "true"),
        ({"b": 1, "a": [2]}, '{"a": [2], "b": 1}'),
        ("x" * 100, "x" * 77 + "..."),
    ],
)
def test_values_for_people(given: object, said: str) -> None:
    assert words.value(given) == said
