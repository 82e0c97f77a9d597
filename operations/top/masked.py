"""SQL texts without a value in them. PostgreSQL's own normalisation leaves those of utility statements (``ALTER ROLE ... PASSWORD
'...'``), and what a session runs at the moment is not normalised at all."""

from __future__ import annotations

import re

MASK = "?"

# Possessive repeats, and every quote may also end with the text: the server cuts long texts off.
_TOKEN = re.compile(
    r"""
      (?P<gap>    \s++ | --[^\n]*+ | /\*(?:[^*]++|\*(?!/))*+(?:\*/|\Z) )
    | (?P<value>  [eE]'(?:[^'\\]++|\\.|'')*+(?:'|\\?\Z)
                | (?:[uU]&|[xXbBnN])?'(?:[^']++|'')*+(?:'|\Z)
                | \$(?P<tag>(?:[^\W\d]\w*+)?)\$.*?(?:\$(?P=tag)\$|\Z)
                | \d[\w.]*+(?:(?<=[eE])[+-]\d++)? )
    | (?P<kept>   "(?:[^"]++|"")*+(?:"|\Z) | \$\d++ | [^\W\d][\w$]*+ | . )
    """,
    re.VERBOSE | re.DOTALL,
)


def masked(text: str, limit: int = 0) -> str:
    """*text* in one line, ``?`` for each constant, without comments; cut to *limit* characters where that is above 0.

    It never shows too much for ``standard_conforming_strings = on``, PostgreSQL's default.
    """
    parts: list[str] = []
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "gap" or match["gap"] is not None:
            parts.append(" ")
        else:
            parts.append(MASK if match["value"] is not None else match[0])
    line = " ".join("".join(parts).split())
    return f"{line[: limit - 3]}..." if 0 < limit < len(line) else line
