"""Gathers what the judgement needs: the preview, the state, the break-glass file, what the policy files say."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from operations.console import make_console
from operations.engine.checkout import Checkout
from operations.errors import Refused
from operations.gate import glass, rules
from operations.gate.judge import Verdict, judge
from operations.gate.report import engine_errors
from operations.gate.state import State, read_state, state_of
from operations.gate.stream import Stream, read
from policies.levels import FILES, file_of

STDIN = "-"


@dataclass(frozen=True, kw_only=True)
class Given:
    """What the command line gave; None and "" where it gave nothing."""

    stream: str = ""
    stack: str = ""
    state: Path | None = None
    break_glass: Path | None = None
    undecided: Path | None = None
    policy_config: Path | None = None
    policies: bool = True
    keep: Path | None = None
    """Folder for what was judged: ``preview.jsonl``, and ``state.json`` in the form of ``pulumi stack export``."""


def examine(given: Given, checkout: Checkout, today: date) -> tuple[Verdict, list[str]]:
    """The verdict, and what the engine itself complained of.

    Raises Refused when something cannot be read, when the preview failed for a reason of its own, or when the policies were not
    run; OperationError when the preview cannot be made.
    """
    stream, state = _preview(given, checkout) if given.stack and not given.stream else _handed_over(given, checkout)
    if given.policies and not stream.packs and not stream.failed:
        raise Refused("The preview was made without the policy pack: add --policy-pack policies to it, or --no-policies here.")
    verdict = judge(
        stream,
        state,
        glass=glass.load(given.break_glass or checkout.root / "policies" / "break-glass.yaml", today),
        levels=rules.levels_of(
            given.policy_config or config_of(checkout, given.stack or (stream.stack[0] if stream.steps else ""))
        ),
        may_be_undecided=rules.may_be_undecided(given.undecided or checkout.root / "policies" / "undecided.json"),
        today=today,
    )
    errors = engine_errors(stream.errors)
    if stream.failed and not verdict.refusals:
        raise Refused("The preview itself failed, so there is nothing to judge.", *(errors or ["The engine gave no reason."]))
    if state is None:
        verdict.notes.append("Without --stack or --state, protection was compared only with what the preview says of the state.")
    return verdict, errors


def config_of(checkout: Checkout, stack: str) -> Path:
    """The pack's configuration file for the tier of *stack*. Raises Refused when there is no such stack, or it names no tier."""
    checkout.require(stack)
    try:
        settings = yaml.safe_load((checkout.root / f"Pulumi.{stack}.yaml").read_text())["config"]
        return file_of(settings[f"{checkout.project}:tier"])
    except (yaml.YAMLError, KeyError, TypeError):
        raise Refused(
            f"Pulumi.{stack}.yaml names no tier ({', '.join(FILES)}): write one, or name the file with --policy-config."
        ) from None


def _preview(given: Given, checkout: Checkout) -> tuple[Stream, State]:
    from operations.gate import preview  # only now: Pulumi's SDK takes a while to load

    pack = checkout.root / "policies" if given.policies else None
    config = given.policy_config or config_of(checkout, given.stack)
    lines, deployment = preview.record(checkout, given.stack, make_console(stderr=True), pack=pack, config=config)
    if given.keep:
        _write(given.keep / "preview.jsonl", "\n".join(lines))
        _write(given.keep / "state.json", json.dumps({"version": 3, "deployment": deployment}))
    return read(lines, f"The preview of stack '{given.stack}'"), _of(deployment, given.stack)


def _handed_over(given: Given, checkout: Checkout) -> tuple[Stream, State | None]:
    if given.state and given.stack:
        raise Refused("Give --state or --stack, not both: each says what the state is.")
    stream = _stream(given.stream or STDIN)
    if given.state:
        return stream, read_state(_text(given.state), str(given.state))
    if given.stack:
        from operations.gate import preview

        return stream, _of(preview.export(checkout, given.stack, make_console(stderr=True)), given.stack)
    return stream, None


def _of(deployment: Any, stack: str) -> State:
    return state_of(deployment, f"The state of stack '{stack}'")


def _stream(source: str) -> Stream:
    if source != STDIN:
        return read(_text(Path(source)).splitlines(), source)
    if sys.stdin.isatty():
        raise Refused("Give the gate a stream (a file, or a preview's output through a pipe), or a stack with --stack.")
    try:
        return read(sys.stdin.read().splitlines(), "Standard input")
    except UnicodeDecodeError:
        raise Refused("Standard input is not text in UTF-8.") from None


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)  # a state holds addresses and names, its secrets encrypted
    path.write_text(text + "\n")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Refused(f"{path} is not text in UTF-8.") from None
