"""The splitter against psql's rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.migrate.sql_text import SqlTextError, line_of, split

WHOLE = [
    "SELECT ';'",
    "SELECT 'it''s; fine'",
    r"SELECT E'a\';b'",
    "SELECT E'a'\n  'b\\';c'",
    r"SELECT 'C:\'",
    'SELECT ";""x;"',
    "SELECT $$ ; -- ' $$",
    "SELECT $a$ $$ ; $b$ $a$",
    "SELECT a$b$c, x$y$z",
    "SELECT $1, $2",
    "SELECT 1 /* ; /* ; */ ' ; */ + 2",
    "SELECT 1 -- ; ' $$\n + 2",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); INSERT INTO b VALUES (2))",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 1 END; END",
    "CREATE OR REPLACE PROCEDURE p() LANGUAGE SQL BEGIN ATOMIC DELETE FROM t; END",
    "SELECT 'ä→😀;'",
    "SELECT 10 % 3, '%s' LIKE '%%'",
]


@pytest.mark.parametrize("text", WHOLE)
def test_one_statement_stays_whole(text: str) -> None:
    assert [found.text for found in split(text)] == [text]


@given(st.lists(st.sampled_from(WHOLE), max_size=6), st.sampled_from([";", " ;\n", ";\n-- note; it's\n", ";;", ";/* ; */\n\n"]))
def test_any_sequence_comes_apart_at_its_seams(parts: list[str], seam: str) -> None:
    text = "\n-- header: don't\n" + seam.join([*parts, ""])
    found = split(text)
    assert [statement.text for statement in found] == parts
    for statement in found:
        assert text[statement.start :].startswith(statement.text)
        assert statement.line == line_of(text, statement.start)


@given(st.text(alphabet="ae'\"$;-/*\\\n() begincasd", max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    found, line = [], 1
    try:
        found = split(text)
    except SqlTextError as error:
        line = error.line
    assert 1 <= line <= text.count("\n") + 1
    assert all(statement.text == statement.text.strip() and statement.text for statement in found)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("SELECT 1;\n\nSELECT 'abc", "line 3: the quote that begins here has no end"),
        ('SELECT "abc', "line 1: the quote that begins here has no end"),
        ("SELECT 1;\n/* /* */", "line 2: the comment that begins here has no end"),
        ("SELECT\n$x$ $y$", "line 2: the quote $x$ that begins here has no end"),
        ("SELECT '" + "a" * 1_000_000, "line 1: the quote that begins here has no end"),
    ],
)
def test_what_has_no_end_is_named(text: str, sentence: str) -> None:
    with pytest.raises(SqlTextError) as caught:
        split(text)
    assert str(caught.value) == sentence


def test_the_line_is_that_of_the_first_word_not_of_the_comment_above() -> None:
    assert [found.line for found in split("-- a\n/* b\n*/ SELECT 1;\n\n  SELECT 2")] == [3, 5]
