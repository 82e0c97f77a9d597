"""No value of a statement is ever shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.top.masked import masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT 1", "SELECT ?"),
        ("select * from t1 where a_2 = $1 and b = 'it''s'", "select * from t1 where a_2 = $1 and b = ?"),
        (r"select E'a\'b', U&'d', x'1F', 1.5e-3, .5, 0xFF, 1_000", "select ?, ?, ?, ?, .?, ?, ?"),
        ("ALTER ROLE ann PASSWORD 'hush-7x'", "ALTER ROLE ann PASSWORD ?"),
        ("DO $$ begin perform 'x'; end $$", "DO ?"),
        ('select $tag$ a $$ b $tag$, "Odd 1 Name"', 'select ?, "Odd 1 Name"'),
        ("select 1 -- mail ann@example.com\n + 2", "select ? + ?"),
        ("select /* for 'ann' */ 1", "select ?"),
        ("select 'cut off in the mid", "select ?"),
        ("select $$cut off in the mid", "select ?"),
        (r"select E'cut off \ ", "select ?"),
        ("select /* cut off", "select"),
        ("a - b -1", "a - b -?"),
    ],
)
def test_constants_and_comments_are_gone(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_long_text_is_cut() -> None:
    assert masked("select " + "a, " * 100, 20) == "select a, a, a, a..."
    assert len(masked("select " + "a, " * 100, 20)) == 20


@settings(max_examples=30)
@given(st.text(alphabet="abz' \n\\;", max_size=30))
def test_whatever_is_quoted_is_gone(value: str) -> None:
    quoted = "'" + value.replace("'", "''") + "'"
    escaped = "E'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    assert masked(f"SELECT {quoted}, {escaped} FROM t") == "SELECT ?, ? FROM t"
    assert masked(f"SELECT $Q${value}$Q$ FROM t") == "SELECT ? FROM t"


@settings(max_examples=30)
@given(st.text(max_size=100))
def test_any_text_is_read_to_its_end(text: str) -> None:
    shown = masked(text)
    assert "\n" not in shown
    assert masked(shown) == masked(masked(shown))
