"""The judgement: which steps of a preview would lose data or its protection, and which policy results may not pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from operations.errors import Refused
from operations.gate.glass import Accepted, Operation
from operations.gate.state import Held, State
from operations.gate.stream import PolicyResult, Step, Stream, stack_of
from policies.stateful import STATEFUL

HARMLESS = frozenset(("same", "create", "update", "read", "refresh", "import"))
"""The engine's operations that take nothing away. Every other one is refused on what holds data, also one not known here."""

OPERATIONS: Mapping[str, Operation] = {
    "delete": "delete",
    "discard": "discard",
    "remove-pending-replace": "discard",
}
"""The engine's other operations and our word; what is not listed is part of a replacement."""

UNDECIDED, CANNOT_RUN = "undecided:", "can't run policy"
"""How a policy result says that a rule was not decided. A rule of ours says both, and the properties after the first; one that
met an unknown value unawares says only the second."""


@dataclass(frozen=True)
class Refusal:
    """A reason why the preview may not be brought up."""

    what: Operation | Literal["policy", "undecided", "break-glass"]
    urn: str
    """"" where it is about the stack."""
    sentence: str


@dataclass
class Verdict:
    """What the gate found. It is fine when nothing is refused."""

    stack: str
    resources: int
    failed: bool
    """The engine gave the preview up half-way: it may hold more than is told here."""
    refusals: list[Refusal] = field(default_factory=list)
    let_through: list[Accepted] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Sentences that refuse nothing."""
    undecided: dict[str, list[str]] = field(default_factory=dict)
    """Why a rule that need not be decided was not, to what it was not decided for."""


def judge(
    stream: Stream,
    state: State | None,
    *,
    glass: Sequence[Accepted],
    levels: Mapping[str, str],
    may_be_undecided: Mapping[str, str],
    today: date,
) -> Verdict:
    """Judge a whole *stream* against *state* (None: only against what the stream itself says of the state).

    *levels*: rule to level, mandatory where it is not named. *may_be_undecided*: rule to why a preview cannot decide it.

    Raises Refused when the two are not of the same stack, or the stream leaves out something of the state that matters.
    """
    stack = stream.stack[0] if stream.steps else ""
    verdict = Verdict(stack, len({step.urn for step in stream.steps}), failed=stream.failed)
    if state is not None and not stream.failed:
        _same_stack(stream, state)
    losses = list(_losses(stream, state or {}))
    _break_glass(verdict, losses, [entry for entry in glass if stack_of(entry.urn)[0] == stack], today)
    for result in stream.policies:
        _policy(verdict, result, levels, may_be_undecided)
    verdict.notes += [f"{step.urn} is imported: see that it is the one you mean." for step in stream.steps if step.op == "import"]
    return verdict


def _same_stack(stream: Stream, state: State) -> None:
    other = {stack_of(urn) for urn in state} - {stream.stack}
    if other:
        raise Refused(f"The preview is of stack '{stream.stack[0]}', the state of '{min(other)[0]}': give both of one stack.")
    told = {urn for step in stream.steps for urn in (step.urn, step.old_urn)}
    untold = sorted(held.urn for held in state.values() if held.urn not in told and (held.protected or held.type in STATEFUL))
    if untold:
        more = f" and {len(untold) - 1} more" if len(untold) > 1 else ""
        why = "lines are lost, or the state is of another time"
        raise Refused(f"The preview says nothing of {untold[0]}{more}, which the state holds: {why}.")


def _losses(stream: Stream, state: State) -> Iterator[Refusal]:
    """Every loss once, in the order of the stream."""
    seen: set[tuple[str, str]] = set()
    renamed = {step.old_urn for step in stream.steps if step.old_urn and step.old_urn != step.urn}
    keys = {step.urn: step.keys for step in stream.steps if step.keys}  # one of a replacement's three steps has them
    for step in stream.steps:
        held = None if step.urn in renamed and not step.old_urn else state.get(step.old_urn or step.urn)
        for what, sentence in _losses_of(step, held, keys.get(step.urn, ())):
            if (step.urn, what) not in seen:
                seen.add((step.urn, what))
                yield Refusal(what, step.urn, sentence)


def _losses_of(step: Step, held: Held | None, keys: Sequence[str]) -> Iterator[tuple[Operation, str]]:
    holds = STATEFUL.get(step.type)
    if holds and step.op not in HARMLESS:
        what = OPERATIONS.get(step.op, "replace")
        why = f", for its {', '.join(keys)}" if keys else ""
        yield what, f"{_DOES[what]}{why}: {holds} would be {'out of sight' if _stays(step) else 'lost'}."
    elif holds and step.op == "create" and held:
        yield "recreate", f"The cloud has it no more, and an empty one would be made: {holds} is lost. Restore it first."
    if (step.was_protected or (held and held.protected)) and not step.stays_protected and not step.goes:
        yield "unprotect", "Its protection (protect) is on in the state and would be off: after that anything may delete it."


_DOES: Mapping[str, str] = {
    "delete": "It would be deleted",
    "replace": "It would be replaced by a new, empty one",
    "discard": "Pulumi would forget it",
}


def _stays(step: Step) -> bool:
    return step.retained or OPERATIONS.get(step.op) == "discard"


def _break_glass(verdict: Verdict, losses: list[Refusal], glass: list[Accepted], today: date) -> None:
    """Let through what is accepted; an entry that has expired or covers nothing is refused itself."""
    accepted = {(entry.urn, entry.operation): entry for entry in glass if entry.expires >= today}
    for loss in losses:
        entry = next((one for key, one in accepted.items() if key == (loss.urn, loss.what)), None)
        if entry:
            verdict.let_through.append(entry)
        else:
            verdict.refusals.append(loss)
    for entry in glass:
        if entry.expires < today:
            sentence = f"Its break-glass entry ({entry.operation}) expired on {entry.expires}: remove it, or have it renewed."
        elif entry not in verdict.let_through and not verdict.failed:
            sentence = f"Its break-glass entry ({entry.operation}) covers nothing that this preview does: remove it."
        else:
            continue
        verdict.refusals.append(Refusal("break-glass", entry.urn, sentence))


def _policy(verdict: Verdict, result: PolicyResult, levels: Mapping[str, str], may_be_undecided: Mapping[str, str]) -> None:
    lines = [line.strip() for line in result.message.strip().splitlines()]
    said = next((line for line in lines if line.startswith((CANNOT_RUN, UNDECIDED))), lines[-1] if lines else "")
    rule, where = result.policy, result.urn or "the stack"
    _, undecided, what = said.partition(UNDECIDED) if said.startswith((CANNOT_RUN, UNDECIDED)) else ("", "", "")
    if undecided and (levels.get(rule, "mandatory") != "mandatory" or rule in may_be_undecided):
        why = f"Rule {rule} is undecided: {may_be_undecided.get(rule, 'it is not mandatory here')}"
        verdict.undecided.setdefault(why, []).append(where)
    elif undecided:
        verdict.refusals.append(
            Refusal("undecided", result.urn, f"Rule {rule} is mandatory and could not be decided: {what.strip()}")
        )
    elif said.startswith(CANNOT_RUN):
        verdict.refusals.append(Refusal("undecided", result.urn, said))
    elif result.level == "mandatory":
        verdict.refusals.append(Refusal("policy", result.urn, f"Rule {rule}: {said}"))
    else:
        verdict.notes.append(f"Rule {rule} ({result.level}), {where}: {said}")
