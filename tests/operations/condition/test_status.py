"""Alarms in the ``status`` of a stack of which something is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from operations import status
from operations.condition.condition import Condition
from operations.engine.checkout import Checkout
from operations.engine.resources import Resource

GONE = Resource(
    urn="urn:pulumi:prod::shop::aws:s3/bucket:Bucket::files", component="", kind="", name="files", status="gone", address=""
)


@pytest.mark.parametrize(("secret", "told"), [("arn:aws:secretsmanager:x", ["cpu: 93 %"]), ("file:///nowhere", [])])
def test_alarms_of_a_cloud_are_told_and_on_this_machine_nothing_is_measured(
    secret: str, told: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = {"database": {"admin_secret_id": secret}, "alarms": {"connections_percent": 80}}

    @contextmanager
    def begin(*_: Any, **__: Any) -> Iterator[None]:
        yield

    monkeypatch.setattr(status, "begin", begin)
    monkeypatch.setattr(
        status, "observe", lambda run: status.Observed(resources=(GONE,), outputs=dict(outputs), unfinished=False)
    )
    monkeypatch.setattr(status, "_condition", lambda *_: Condition(alarms=("cpu: 93 %",)))
    assert status.status(Checkout(tmp_path), "prod", Console(), as_json=True) == status.DOWN
    assert json.loads(capsys.readouterr().out)["alarms"] == told
    status.status(Checkout(tmp_path), "prod", Console())
    assert ("Alarm: cpu: 93 %" in capsys.readouterr().out) == bool(told)
