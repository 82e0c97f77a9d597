"""The judgement of recorded previews: what loses data or its protection is refused, whatever else the preview says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from operations.errors import Refused
from operations.gate.glass import Accepted, Operation
from operations.gate.judge import HARMLESS, judge
from operations.gate.report import text
from operations.gate.state import Held, State
from operations.gate.stream import PolicyResult, Stream
from policies.stateful import STATEFUL
from tests.operations.gate.previews import (
    BUCKET,
    DATABASE,
    ELSEWHERE,
    KEY,
    PROJECT,
    TODAY,
    WHOLE,
    judged,
    only,
    state,
    stream,
    told,
)


def accepted(operation: Operation, urn: str, days: int = 7) -> Accepted:
    return Accepted(urn, operation, "a copy is in the archive", TODAY + timedelta(days=days))


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("first", []),
        ("same", []),
        ("update", []),
        ("renamed", []),
        ("delete", [("delete", BUCKET)]),
        ("replace", [("replace", DATABASE), ("unprotect", DATABASE), ("delete", BUCKET)]),
        ("unprotect", [("unprotect", DATABASE)]),
        ("unprotect_and_replace", [("replace", DATABASE), ("unprotect", DATABASE)]),
        ("protected_delete", [("delete", DATABASE)]),
        ("protected_replace", [("replace", DATABASE)]),
        ("discard", [("discard", ELSEWHERE)]),
        ("retained", [("delete", KEY)]),
        ("gone", [("recreate", BUCKET)]),
    ],
)
def test_what_is_refused(name: str, refused: list[tuple[str, str]]) -> None:
    against = None if name == "first" else state()
    assert sorted(told(judged(name, against=against))) == sorted(refused)


def test_everything_of_a_stack() -> None:
    assert [what for what, _ in told(judged("everything_goes"))] == ["delete", "delete"]


def test_the_sentences_say_what_is_lost_and_why() -> None:
    sentences = {refusal.what: refusal.sentence for refusal in judged("replace").refusals}
    assert sentences["replace"] == "It would be replaced by a new, empty one, for its engine: the database would be lost."
    assert sentences["delete"] == "It would be deleted: the files in the bucket would be lost."
    assert "out of sight" in only(judged("retained")).sentence
    assert "out of sight" in only(judged("discard")).sentence


def test_a_resource_that_holds_no_data_may_go() -> None:
    def as_function(name: str) -> Stream:
        found = stream(name)
        found.steps = [replace(step, type="aws:lambda/function:Function") for step in found.steps]
        return found

    assert told(judged(as_function("delete"))) == []
    assert told(judged(as_function("unprotect"))) == [("unprotect", DATABASE)], "protection is protection, of whatever"


@pytest.mark.parametrize("token", sorted(STATEFUL))
def test_every_type_that_holds_data_counts(token: str) -> None:
    found = stream("delete")
    found.steps = [replace(step, type=token) for step in found.steps if step.op == "delete"]
    assert STATEFUL[token] in only(judged(found)).sentence


@pytest.mark.parametrize("op", ["delete-replaced", "discard-replaced", "read-replacement", "import-replacement", "something-new"])
def test_an_operation_that_the_gate_does_not_know_is_refused(op: str) -> None:
    found = stream("delete")
    found.steps = [replace(step, op=op) if step.op == "delete" else step for step in found.steps]
    assert op not in HARMLESS
    assert told(judged(found)) == [("replace", BUCKET)]


def test_an_import_is_told() -> None:
    found = stream("first")
    found.steps = [replace(step, op="import") if step.urn == BUCKET else step for step in found.steps]
    verdict = judged(found)
    assert not verdict.refusals
    assert any(note.startswith(f"{BUCKET} is imported") for note in verdict.notes)


# against the state


def with_protection(urn: str, *, on: bool) -> State:
    return {**state(), urn: replace(state()[urn], protected=on)}


def test_the_state_knows_a_protection_that_the_stream_does_not_tell() -> None:
    assert told(judged("same", against=with_protection(BUCKET, on=True))) == [("unprotect", BUCKET)]


def test_a_renamed_resource_is_the_one_in_the_state() -> None:
    found = stream("renamed")
    renamed = next(step for step in found.steps if step.urn.endswith("::renamed"))
    assert renamed.old_urn == DATABASE
    found.steps = [replace(step, was_protected=False, stays_protected=False) if step is renamed else step for step in found.steps]
    assert told(judged(found, against=state())) == [("unprotect", renamed.urn)]


def test_a_new_resource_under_the_name_of_a_renamed_one_is_new() -> None:
    found = stream("renamed")
    new = replace(next(step for step in found.steps if step.old_urn == DATABASE), op="create", urn=DATABASE, old_urn="")
    found.steps.append(replace(new, was_protected=False, stays_protected=False))
    assert told(judged(found, against=state())) == []


def test_a_state_of_another_stack_is_refused() -> None:
    with pytest.raises(Refused, match="The preview is of stack 'other', the state of 'prod'"):
        judged("everything_goes", against=state())


@pytest.mark.parametrize("urn", [BUCKET, DATABASE])
def test_a_preview_that_leaves_out_data_of_the_state_is_refused(urn: str) -> None:
    found = stream("same")
    found.steps = [step for step in found.steps if step.urn != urn]
    with pytest.raises(Refused, match=f"says nothing of {urn}, which the state holds"):
        judged(found, against=state())


def test_what_holds_no_data_and_is_not_protected_may_be_left_out() -> None:
    role = f"{PROJECT}aws:iam/role:Role::role"
    assert told(judged("same", against={**state(), role: Held(role, "aws:iam/role:Role", False)})) == []


def test_a_first_preview_has_an_empty_state() -> None:
    assert told(judged("first", against={})) == []


# policies


def test_a_mandatory_violation_an_advisory_one_and_an_undecided_rule() -> None:
    verdict = judged("violated")
    assert told(verdict) == [("policy", BUCKET), ("undecided", KEY)]
    assert [refusal.sentence for refusal in verdict.refusals] == [
        "Rule bucket-required: The bucket must have a name of its own: set 'bucket'.",
        "Rule key-rotated is mandatory and could not be decided: description not known before the deployment",
    ]
    assert any(note.startswith(f"Rule bucket-named (advisory), {BUCKET}: The bucket must") for note in verdict.notes)


@pytest.mark.parametrize("level", ["advisory", "disabled"])
def test_an_undecided_rule_that_is_not_mandatory_is_told(level: str) -> None:
    verdict = judged("violated", levels={"key-rotated": level})
    assert told(verdict) == [("policy", BUCKET)]
    assert verdict.undecided == {"Rule key-rotated is undecided: it is not mandatory here": [KEY]}


def test_the_list_lets_an_undecided_rule_through() -> None:
    verdict = judged("violated", undecided={"key-rotated": "the cloud makes the description"})
    assert told(verdict) == [("policy", BUCKET)]
    assert verdict.undecided == {"Rule key-rotated is undecided: the cloud makes the description": [KEY]}
    assert "note: Rule key-rotated is undecided: the cloud makes the description (1 resource)" in list(text(verdict, []))


def test_cannot_run_is_refused_whatever_the_lists_say() -> None:
    """A policy that met an unknown value unawares: the engine calls that advisory and lets the preview pass."""
    found = stream("unknown")
    [result] = [result for result in found.policies if result.policy == "key-described"]
    assert (result.level, found.failed) == ("advisory", False)
    verdict = judged(found, levels={"key-described": "advisory"}, undecided={"key-described": "known"})
    assert told(verdict) == [("undecided", KEY)]
    assert only(verdict).sentence.startswith("can't run policy 'key-described'")


def test_a_violation_that_speaks_of_undecided_things_is_a_violation() -> None:
    found = stream("same")
    found.policies = [PolicyResult("key-rotated", "mandatory", KEY, "Title.\nThe owner is undecided: name one.\n")]
    assert told(judged(found, undecided={"key-rotated": "known"})) == [("policy", KEY)]


# break-glass


def test_an_exact_entry_lets_one_operation_on_one_resource_through() -> None:
    verdict = judged("delete", accepted("delete", BUCKET))
    assert told(verdict) == []
    assert [entry.urn for entry in verdict.let_through] == [BUCKET]


def test_each_loss_needs_its_own_entry() -> None:
    one = accepted("replace", DATABASE)
    assert told(judged("unprotect_and_replace", one)) == [("unprotect", DATABASE)]
    assert told(judged("unprotect_and_replace", one, accepted("unprotect", DATABASE))) == []


@pytest.mark.parametrize(
    "entry",
    [accepted("replace", BUCKET), accepted("delete", f"{BUCKET}-2"), accepted("delete", KEY), accepted("unprotect", BUCKET)],
)
def test_an_entry_for_something_else_lets_nothing_through_and_is_refused_itself(entry: Accepted) -> None:
    assert told(judged("delete", entry)) == [("delete", BUCKET), ("break-glass", entry.urn)]


def test_an_expired_entry_lets_nothing_through() -> None:
    assert told(judged("delete", accepted("delete", BUCKET, days=0))) == [], "its last day counts"
    verdict = judged("delete", accepted("delete", BUCKET, days=-1))
    assert told(verdict) == [("delete", BUCKET), ("break-glass", BUCKET)]
    assert "expired on 2027-01-14" in verdict.refusals[1].sentence


def test_an_entry_of_another_stack_does_not_matter_here() -> None:
    assert told(judged("same", accepted("delete", BUCKET.replace(":prod:", ":dev:"), days=-9))) == []


def test_no_entry_is_called_unused_by_a_preview_that_was_given_up() -> None:
    assert told(judged("protected_replace", accepted("delete", KEY))) == [("replace", DATABASE)]


def test_no_entry_waives_a_policy() -> None:
    assert ("policy", BUCKET) in told(judged("violated", accepted("delete", BUCKET)))


@pytest.mark.parametrize("name", WHOLE)
def test_the_same_preview_gives_the_same_verdict(name: str) -> None:
    assert judged(name) == judged(name)


def test_a_failed_preview_without_a_step_is_judged_without_a_crash() -> None:
    empty = Stream(failed=True, errors=["oops"])
    verdict = judge(empty, state(), glass=(), levels={}, may_be_undecided={}, today=TODAY)
    assert verdict.refusals == []
    assert verdict.failed
