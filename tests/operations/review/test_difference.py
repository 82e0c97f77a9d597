"""Values compared leaf by leaf."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.review.difference import differences
from policies.values import ABSENT

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3))


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2, "b": 3}, [("p.a", 1, 2), ("p.b", ABSENT, 3)]),
        ([1, 2], [2, 1], [("p", [1, 2], [2, 1])]),
        ([{"name": "x", "v": 1}], [{"name": "y"}, {"name": "x", "v": 2}], [("p[x].v", 1, 2), ("p[y]", ABSENT, {"name": "y"})]),
        ([{"a": 1}, {"a": 2}], [{"a": 1}], [("p[1]", {"a": 2}, ABSENT)]),
        ('{"a": [1]}', '{"a":[1]}', []),
        ('{"S": [{"Sid": "s", "Effect": "No"}]}', '{"S": [{"Sid": "s", "Effect": "Yes"}]}', [("p.S[s].Effect", "No", "Yes")]),
        ("{broken", "{other", [("p", "{broken", "{other")]),
        ({"a": None}, {}, [("p.a", None, ABSENT)]),
    ],
)
def test_every_leaf_that_differs(before: Any, after: Any, found: list[Any]) -> None:
    assert list(differences(before, after, "p")) == found


@given(VALUES)
def test_a_value_is_no_different_from_itself(value: Any) -> None:
    assert list(differences(value, json.loads(json.dumps(value)), "p")) == []


@given(VALUES, VALUES)
def test_what_is_not_equal_differs_somewhere(before: Any, after: Any) -> None:
    texts = {json.dumps(value, sort_keys=True) for value in (before, after)}
    if len(texts) == 2 and before != after:
        assert list(differences(before, after, "p"))
