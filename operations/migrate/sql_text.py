"""Splits the text of an SQL file into statements by the rules of psql's own scanner, so that an error can name its line.

Semicolons inside quotes, dollar quotes, (nested) comments, parentheses and ``BEGIN ATOMIC ... END`` bodies do not end a
statement. ``standard_conforming_strings`` is taken to be on, as it is by default since PostgreSQL 9.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LEADING_TOKENS = 16
"""How many tokens of a statement are kept for telling its kind; enough for any ``CREATE ... INDEX`` up to its table."""

# Possessive repeats (*+, ++): an unterminated quote in a large file must fail at once, not after exponential backtracking.
_TOKEN = re.compile(
    r"""
      (?P<space>  \s++ )
    | (?P<line>   --[^\n]*+ )
    | (?P<block>  /\* )
    | (?P<string> [eE]'(?:[^'\\]++|\\.|'')*+' (?:[ \t\r\f\v]*+\n\s*+'(?:[^'\\]++|\\.|'')*+')*+ | '(?:[^']++|'')*+' )
    | (?P<name>   "(?:[^"]++|"")*+" )
    | (?P<dollar> \$(?:[^\W\d]\w*+)?\$ )
    | (?P<word>   [^\W\d][\w$]*+ )
    | (?P<open>   ['"] )
    | (?P<other>  . )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_ROUTINE = re.compile(r"create (or replace )?(function|procedure)\b")


class SqlTextError(ValueError):
    """A quote or comment of the file has no end."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(f"line {line}: {what} that begins here has no end")
        self.line = line


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a file, without its semicolon and without the comments above it."""

    text: str
    start: int
    """Offset of its first character in the file's text."""
    line: int
    """Line of its first character, from 1."""
    tokens: tuple[str, ...]
    """Its first :data:`LEADING_TOKENS` tokens as written: words, quoted names, single signs; no comments."""

    @property
    def words(self) -> tuple[str, ...]:
        """The leading tokens in upper case, for comparing keywords."""
        return tuple(token.upper() for token in self.tokens)


def line_of(text: str, offset: int) -> int:
    """The line of the character at *offset*, from 1."""
    return text.count("\n", 0, offset) + 1


def split(text: str) -> list[Statement]:
    """The statements of *text* in order; empty ones are left out. Raises :class:`SqlTextError`."""
    found: list[Statement] = []
    tokens: list[str] = []
    start: int | None = None
    parentheses = begins = position = 0

    def finish(end: int) -> None:
        nonlocal start, parentheses, begins
        if start is not None:
            body = text[start:end].rstrip()
            found.append(Statement(text=body, start=start, line=line_of(text, start), tokens=tuple(tokens)))
        start, parentheses, begins = None, 0, 0
        tokens.clear()

    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None  # "other" takes any character
        kind, token, here = match.lastgroup, match.group(), position
        position = match.end()
        if kind == "open":
            raise SqlTextError("the quote", line_of(text, here))
        if kind == "block":
            position = _end_of_comment(text, here)
        if kind in ("space", "line", "block"):
            continue
        if kind == "dollar":
            position = _end_of_dollar_quote(text, here, token)
        if token == ";" and not parentheses and not begins:
            finish(here)
            continue
        if start is None:
            start = here
        if len(tokens) < LEADING_TOKENS:
            tokens.append(token)
        if token == "(":
            parentheses += 1
        elif token == ")":
            parentheses = max(0, parentheses - 1)
        elif kind == "word" and not parentheses:
            begins = _depth(begins, token.lower(), tokens)
    finish(len(text))
    return found


def _depth(begins: int, word: str, tokens: list[str]) -> int:
    """How deep in ``BEGIN ATOMIC`` bodies the scanner is after *word*: only function definitions have such bodies."""
    if not _ROUTINE.match(" ".join(tokens[:4]).lower()):
        return begins
    if word == "begin" or (word == "case" and begins):
        return begins + 1
    return max(0, begins - 1) if word == "end" else begins


def _end_of_comment(text: str, start: int) -> int:
    depth, position = 1, start + 2
    while depth:
        edge = _COMMENT_EDGE.search(text, position)
        if edge is None:
            raise SqlTextError("the comment", line_of(text, start))
        depth += 1 if edge.group() == "/*" else -1
        position = edge.end()
    return position


def _end_of_dollar_quote(text: str, start: int, tag: str) -> int:
    end = text.find(tag, start + len(tag))
    if end < 0:
        raise SqlTextError(f"the quote {tag}", line_of(text, start))
    return end + len(tag)
