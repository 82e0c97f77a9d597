"""Names beside a database: never too long, never another database's, and told apart by what they are for."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from operations.restore.names import LONGEST, beside, is_beside

AT = datetime(2026, 3, 31, 12, 5, 9, tzinfo=UTC)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
    lambda name: len(name.encode()) <= LONGEST
)
MARKS = st.sampled_from(["restored", "before", "drill"])


def test_a_name() -> None:
    assert beside("shop", "restored", AT) == "shop_restored_20260331_120509"
    for other in ("shop_restored_20260331_120509x", "shop_restored_2026", "myshop_restored_20260331_120509", "shop"):
        assert not is_beside(other, "shop", "restored")


@given(NAMES, NAMES, MARKS, MARKS)
def test_names_are_told_apart(name: str, other: str, mark: str, second: str) -> None:
    made = beside(name, mark, AT)  # type: ignore[arg-type]
    assert len(made.encode()) <= LONGEST
    assert is_beside(made, name, second) == (mark == second)  # type: ignore[arg-type]
    if other != name:
        assert not is_beside(made, other, mark)  # type: ignore[arg-type]
