"""The verdict in words, losses first, and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from operations.console import count
from operations.engine.messages import clean
from operations.gate.judge import Verdict

WAY_OUT = (
    "If that is meant: a reviewed entry in policies/break-glass.yaml (urn, operation, reason, expires) lets one operation on one "
    "resource through; policies and undecided rules are mended in the program."
)


def engine_errors(errors: list[str]) -> list[str]:
    """What the engine itself complained of, as sentences; empty where it only repeats that the preview failed."""
    return [sentence for sentence in clean(errors) if errors and "gave no reason" not in sentence]


def text(verdict: Verdict, errors: list[str]) -> Iterator[str]:
    """Lines for people."""
    for refusal in verdict.refusals:
        yield f"REFUSED {refusal.what}: {refusal.urn or 'the stack'}"
        yield f"  {refusal.sentence}"
    for entry in verdict.let_through:
        yield f"let through: {entry} (until {entry.expires}: {entry.reason})"
    yield from (f"the engine said: {' '.join(sentence.split())}" for sentence in errors)
    yield from (f"note: {note}" for note in verdict.notes)
    yield from (f"note: {why} ({count(len(urns), 'resource')})" for why, urns in sorted(verdict.undecided.items()))
    if verdict.refusals:
        yield f"The gate is closed for stack {verdict.stack}: {count(len(verdict.refusals), 'reason')}."
        yield WAY_OUT
    else:
        resources = count(verdict.resources, "resource")
        yield f"The gate is open for stack {verdict.stack}: {resources}, nothing that holds data is lost."


def as_json(verdict: Verdict, errors: list[str]) -> dict[str, Any]:
    """``{"open": ..., "refusals": [...], ...}``; dates as ISO text when it is written by ``print_json``."""
    return {"open": not verdict.refusals, **asdict(verdict), "errors": errors}
