"""The table of clouds: what is said when one cannot be had."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from components import clouds


@pytest.fixture(params=["pulumi_of_tomorrow", "nothing_of_the_kind"])
def missing(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that the cloud ``nimbus``, made for the test, imports in vain."""
    (tmp_path / "nimbus").mkdir()
    (tmp_path / "nimbus" / "__init__.py").write_text("")
    (tmp_path / "nimbus" / "cloud.py").write_text(f"import {request.param}")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(clouds.CLOUDS, "nimbus", clouds.Entry("nimbus.cloud", ("flexible",), "japaneast"))
    for name in ("nimbus", "nimbus.cloud"):
        sys.modules.pop(name, None)
    return str(request.param)


def test_a_missing_sdk_is_one_sentence_and_nothing_else_is_hidden(missing: str) -> None:
    if missing == "nothing_of_the_kind":
        with pytest.raises(ModuleNotFoundError, match=missing):
            clouds.cloud("nimbus")
        return
    with pytest.raises(clouds.CloudMissingError) as error:
        clouds.cloud("nimbus")
    assert str(error.value) == (
        "provider is 'nimbus', whose package pulumi-of-tomorrow is not installed; "
        "run: pip install -r requirements-nimbus.txt (make up STACK=<stack> does it by itself)."
    )
