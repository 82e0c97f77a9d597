"""The question before something is destroyed, and how far long work says it is."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from operations import confirm, progress
from operations.errors import Refused


def test_the_name_is_asked_for_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("shop\n"))
    confirm.confirm("prune", "shop", None, target=["all"])
    for answer in ("Shop\n", "\n", ""):
        monkeypatch.setattr("sys.stdin", Terminal(answer))
        with pytest.raises(Refused, match=r"^That is not shop\. Nothing was done\.$"):
            confirm.confirm("prune", "shop", None, target=["all"])


def test_long_work_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "STILL", 0.0)
    plain, live = io.StringIO(), io.StringIO()
    with progress.transfer("Dumping shop", 4_000_000, Console(file=plain)) as advance:
        advance(1_500_000)
    assert plain.getvalue().startswith("Dumping shop: 1.5 of 4.0 MB in ")
    with progress.transfer("Dumping shop", None, Console(file=live, force_terminal=True)) as advance:
        advance(1_500_000)
    assert "1.5 MB" in live.getvalue()
