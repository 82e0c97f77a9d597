"""The recorded previews (record.py), and what the tests say of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from operations.gate.glass import Accepted
from operations.gate.judge import Refusal, Verdict, judge
from operations.gate.state import State, read_state
from operations.gate.stream import Stream, read

STREAMS = Path(__file__).parent / "streams"
TODAY = date(2027, 1, 15)
PROJECT = "urn:pulumi:prod::managed-postgres::"
DATABASE = f"{PROJECT}aws:rds/instance:Instance::database"
BUCKET = f"{PROJECT}aws:s3/bucket:Bucket::bucket"
ELSEWHERE = f"{PROJECT}aws:s3/bucket:Bucket::elsewhere"
KEY = f"{PROJECT}aws:kms/key:Key::key"
WHOLE = (
    *("first", "same", "without_pack", "update", "delete", "replace", "unprotect_and_replace", "unprotect", "discard", "renamed"),
    *("targeted", "unknown", "violated", "retained", "gone", "protected_delete", "protected_replace", "everything_goes"),
)
"""Streams that can be judged."""


def lines(name: str) -> list[str]:
    return (STREAMS / f"{name}.jsonl").read_text().splitlines()


def stream(name: str) -> Stream:
    return read(lines(name), name)


def state() -> State:
    return read_state((STREAMS / "state.json").read_text(), "state.json")


def judged(
    name: str | Stream,
    *glass: Accepted,
    against: State | None = None,
    levels: Mapping[str, str] | None = None,
    undecided: Mapping[str, str] | None = None,
) -> Verdict:
    told = stream(name) if isinstance(name, str) else name
    return judge(told, against, glass=glass, levels=levels or {}, may_be_undecided=undecided or {}, today=TODAY)


def told(verdict: Verdict) -> list[tuple[str, str]]:
    return [(refusal.what, refusal.urn) for refusal in verdict.refusals]


def only(verdict: Verdict) -> Refusal:
    [refusal] = verdict.refusals
    return refusal
