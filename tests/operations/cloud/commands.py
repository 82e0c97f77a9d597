"""``failover``, ``switchover`` and ``promote`` on a cloud's stack, cut off and run again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from operations import place
from operations.engine import checkout
from operations.failover import change, cli, let_go
from operations.place import Place

app = typer.Typer()
for command in (cli.failover, cli.switchover, cli.promote):
    app.command()(command)


class Commands:
    """What a person at a machine outside the stack's network types. ``kept``: readers that the stack's state was told of."""

    def __init__(self, handles: Mapping[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        environ = {"DB_NAME": "shop", "DB_HOST": "10.0.0.2"}
        here = Place(name="dev", environ=environ, handles={**handles, "stack": "dev"}, remote=True)
        (folder / "Pulumi.dev.yaml").touch()
        monkeypatch.setattr(checkout, "find_checkout", lambda: checkout.Checkout(folder))
        monkeypatch.setattr(place, "place_of", lambda stack: here)
        monkeypatch.setattr(let_go, "let_go", lambda _checkout, _stack, reader: self.kept.append(reader))
        monkeypatch.setattr(change, "POLL_SECONDS", 0.01)
        self._patch, self.kept = monkeypatch, list[str]()

    def __call__(self, kind: str, *words: str, at_pause: Callable[[], object] = lambda: None) -> Result:
        """*at_pause*: what happens at the next pause, wherever the command waits."""
        real = time.sleep

        def sleep(seconds: float) -> None:
            real(seconds)
            at_pause()

        with self._patch.context() as only:
            only.setattr(time, "sleep", sleep)
            return CliRunner().invoke(app, [kind, *words, "--stack", "dev", f"--yes-{kind}=dev"])


def ctrl_c() -> None:
    raise KeyboardInterrupt
