"""How ``migrate`` and ``backup`` answer: lines for people, or one JSON value on standard output for programs."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import typer

from operations.errors import OperationError


def fail(error: OperationError, *, as_json: bool) -> NoReturn:
    """Ends the command with the error's sentence and exit code; with *as_json* as ``{"error": ...}``."""
    if as_json:
        print_json({"error": str(error)})
    else:
        typer.echo(f"Error: {error}", err=True)
    raise typer.Exit(error.exit_code)


def print_json(value: Any) -> None:
    """*value* in one line; times and paths as text."""
    typer.echo(json.dumps(value, default=str))
