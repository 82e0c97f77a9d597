"""Names: within limits, distinct, stable."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from components.names import Scope, label, shorten

SCOPE = Scope(app="shop", environment="production", tier="prod", stack="prod", tags={"Team": "Pay & Go", "app": "mine"})
WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=100)


def test_physical_names_and_secret() -> None:
    assert SCOPE.physical("db") == "shop-production-db"
    assert SCOPE.database_secret == "shop/production/db"
    assert len(SCOPE.physical("a" * 80, limit=32)) <= 32


def test_our_tags_win_because_reports_rely_on_them() -> None:
    assert SCOPE.all_tags()["app"] == "shop"
    assert SCOPE.all_tags()["Team"] == "Pay & Go"
    assert SCOPE.labels()["team"] == "pay---go"


def test_only_prod_is_production() -> None:
    assert SCOPE.production
    assert not Scope(app="a", environment="b", tier="staging", stack="c").production


@given(WORDS, WORDS, st.integers(16, 63))
def test_shortened_names_fit_and_stay_distinct(one: str, other: str, limit: int) -> None:
    assert len(shorten(one, limit)) <= limit
    if one != other:
        assert shorten(one, limit) != shorten(other, limit)


@given(st.text(max_size=100))
def test_labels_are_what_google_cloud_accepts(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]{0,63}", label(text))
