"""The streaming JSON of a real ``pulumi preview``: one engine event a line, as the CLI writes it with ``--json`` and SWITCH.

A stream that is not whole is refused: half a preview says nothing about the other half. Never a value of a property is kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from operations.errors import Refused

SWITCH = "PULUMI_ENABLE_STREAMING_JSON_PREVIEW"
"""Environment variable; without it ``pulumi preview --json`` writes one JSON value without any policy result."""

AGAIN = "Make the preview again; its own message is on its standard error."

COUNTED = ("delete", "replace", "discard")
"""Operations whose number the summary repeats: fewer in the stream means that events are missing."""


@dataclass(frozen=True)
class Step:
    """What the engine plans for one resource; a replacement is three steps with the same URN."""

    op: str
    """The engine's word: same, create, update, delete, replace, create-replacement, delete-replaced, discard, ..."""
    urn: str
    type: str
    old_urn: str
    """Its URN in the state; another one where an alias renames it, "" where it is new."""
    was_protected: bool
    stays_protected: bool
    """False too for a resource that goes."""
    goes: bool
    """It is in the old state and not in the new."""
    retained: bool
    """A deletion leaves it in the cloud and only forgets it."""
    keys: tuple[str, ...] = ()
    """The properties that force a replacement."""


@dataclass(frozen=True)
class PolicyResult:
    """A violation, or that a policy could not be run. *level* is the engine's: advisory, mandatory."""

    policy: str
    level: str
    urn: str
    message: str


@dataclass
class Stream:
    """A whole preview of one stack, in the order in which the engine told it."""

    steps: list[Step] = field(default_factory=list)
    policies: list[PolicyResult] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    """Diagnostics of severity error, raw."""
    packs: tuple[str, ...] = ()
    """Names of the policy packs that were run."""
    failed: bool = False
    """The engine says that the preview failed."""

    @property
    def stack(self) -> tuple[str, str]:
        """Name of the stack and of the project, from the URNs."""
        return stack_of(self.steps[0].urn)


def stack_of(urn: str) -> tuple[str, str]:
    """Stack and project in *urn*; empty where it is no URN."""
    parts = urn.removeprefix("urn:pulumi:").split("::")
    return (parts[0], parts[1]) if urn.startswith("urn:pulumi:") and len(parts) >= 4 else ("", "")


def read(lines: Iterable[str], where: str) -> Stream:
    """The preview in *lines*; *where* says in sentences where they come from.

    Raises Refused when there is nothing, something that is no event, no end, more than one preview, or fewer steps than its
    summary counts.
    """
    stream, summaries = Stream(), []
    for number, event in _events(lines, where):
        if "resourcePreEvent" in event:
            stream.steps.append(_step(event["resourcePreEvent"], f"{where}, line {number}"))
        elif "policyEvent" in event:
            stream.policies.append(_policy(event["policyEvent"], f"{where}, line {number}"))
        elif "diagnosticEvent" in event and _block(event["diagnosticEvent"]).get("severity") == "error":
            stream.errors.append(str(_block(event["diagnosticEvent"]).get("message", "")))
        elif "summaryEvent" in event:
            summaries.append(_block(event["summaryEvent"]))
    if not summaries:
        reason = f" The engine said: {stream.errors[-1].strip()}" if stream.errors else ""
        raise Refused(
            f"{where} ends before the summary of the preview: it was cut, or the preview did not get far.{reason} {AGAIN}"
        )
    if len(summaries) > 1:
        raise Refused(f"{where} holds {len(summaries)} previews: give them to the gate one at a time.")
    _finish(stream, summaries[0], where)
    return stream


def _finish(stream: Stream, summary: Mapping[str, Any], where: str) -> None:
    if not summary.get("isPreview", True):
        raise Refused(f"{where} is of an update that has been done, not of a preview.")
    # `result` is younger than the oldest CLI that we work with
    stream.failed = summary.get("result", "succeeded") != "succeeded" or bool(stream.errors)
    stream.packs = tuple(sorted(str(name).split("|")[0] for name in _block(summary.get("PolicyPacks"))))
    if len({stack_of(step.urn) for step in stream.steps}) > 1:
        raise Refused(f"{where} mixes steps of several stacks: give their previews to the gate one at a time.")
    if stream.failed:
        return
    told, counted = Counter(step.op for step in stream.steps), _block(summary.get("resourceChanges"))
    missing = [op for op in COUNTED if isinstance(counted.get(op), int) and told[op] < counted[op]]
    if missing or not stream.steps:
        what = f"steps ({', '.join(missing)}) that its summary counts" if missing else "any step, even for the stack itself"
        raise Refused(f"{where} lacks {what}: lines of it are lost. {AGAIN}")


def _events(lines: Iterable[str], where: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line numbers and events."""
    written, broken = False, 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        written = True
        if broken:
            raise Refused(_no_event(where, broken))
        try:
            event = json.loads(line)
        except ValueError:
            if line.strip() == "{":
                raise Refused(_default_form(where)) from None
            broken = number  # the last one may be half an event
            continue
        if isinstance(event, dict) and "steps" in event:
            raise Refused(_default_form(where))
        if not isinstance(event, dict) or not any(key.endswith("Event") for key in event):
            raise Refused(_no_event(where, number))
        yield number, event
    if broken == 1:
        raise Refused(_no_event(where, broken))
    if broken:
        raise Refused(f"{where} ends in the middle of an event (line {broken}): the stream was cut. {AGAIN}")
    if not written:
        raise Refused(f"{where} is empty: the preview wrote nothing. {AGAIN}")


def _default_form(where: str) -> str:
    return f"{where} is what `pulumi preview --json` writes without {SWITCH}=1, which has no policy results: set that variable."


def _no_event(where: str, number: int) -> str:
    return f"{where}, line {number} is no event of the engine: give the gate only what `{SWITCH}=1 pulumi preview --json` writes."


def _step(event: Any, where: str) -> Step:
    metadata = _block(_block(event).get("metadata"))
    op, urn = metadata.get("op"), metadata.get("urn")
    if not isinstance(op, str) or not isinstance(urn, str) or not op or not all(stack_of(urn)):
        raise Refused(
            f"{where} is a step without an operation or a URN: this gate does not know the form of that engine's events."
        )
    old, new = _block(metadata.get("old")), _block(metadata.get("new"))
    return Step(
        op=op,
        urn=urn,
        type=str(metadata.get("type") or ""),
        old_urn=str(old.get("urn") or ""),
        was_protected=bool(old.get("protect")),
        stays_protected=bool(new.get("protect")),
        goes=bool(old) and not new,
        retained=bool(old.get("retainOnDelete")),
        keys=tuple(str(key) for key in keys) if isinstance(keys := metadata.get("keys"), list) else (),
    )


def _policy(event: Any, where: str) -> PolicyResult:
    given = _block(event)
    if not isinstance(given.get("policyName"), str) or not isinstance(given.get("enforcementLevel"), str):
        raise Refused(
            f"{where} is a policy result without a name or a level: this gate does not know the form of that engine's events."
        )
    return PolicyResult(
        given["policyName"], given["enforcementLevel"], str(given.get("resourceUrn") or ""), str(given.get("message", ""))
    )


def _block(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
