"""The table of clouds: what is said when one cannot be had."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from components import clouds


def test_a_missing_sdk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "azure1").mkdir()
    (tmp_path / "azure1" / "__init__.py").write_text("")
    (tmp_path / "azure1" / "cloud.py").write_text("import pulumi_azure_of_tomorrow")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(clouds.CLOUDS, "azure1", clouds.Entry("azure1.cloud", ("flexible",), "japaneast"))
    with pytest.raises(clouds.CloudMissingError) as error:
        clouds.cloud("azure1")
    assert str(error.value) == (
        "provider is 'azure1', whose package pulumi-azure-of-tomorrow is not installed; "
        "run: pip install -r requirements-azure1.txt (make up STACK=<stack> does it by itself)."
    )
    sys.modules.pop("azure1", None)


def test_another_missing_module_is_not_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "azure2").mkdir()
    (tmp_path / "azure2" / "__init__.py").write_text("")
    (tmp_path / "azure2" / "cloud.py").write_text("import nothing_of_the_kind")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(clouds.CLOUDS, "azure2", clouds.Entry("azure2.cloud", ("flexible",), "japaneast"))
    with pytest.raises(ModuleNotFoundError, match="nothing_of_the_kind"):
        clouds.cloud("azure2")
