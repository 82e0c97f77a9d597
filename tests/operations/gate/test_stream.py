"""Reading a preview's stream: what the real CLI wrote is understood, and what is not whole is refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.errors import Refused
from operations.gate.stream import read
from tests.operations.gate.previews import BUCKET, DATABASE, WHOLE, lines, stream

Lines = list[str]


def of_kind(name: str, event: str) -> int:
    [index] = [index for index, line in enumerate(lines(name)) if f'"{event}"' in line]
    return index


@pytest.mark.parametrize("name", WHOLE)
def test_what_the_cli_wrote_is_read(name: str) -> None:
    found = stream(name)
    assert found.stack == ("other" if name == "everything_goes" else "prod", "managed-postgres")
    assert found.packs == (() if name == "without_pack" else ("managed-postgres",))
    assert found.failed == (name in ("violated", "protected_delete", "protected_replace"))


def test_a_replacement_is_three_steps_with_its_reason() -> None:
    steps = [step for step in stream("unprotect_and_replace").steps if step.urn == DATABASE]
    assert {step.op for step in steps} == {"create-replacement", "replace", "delete-replaced"}
    assert {key for step in steps for key in step.keys} == {"username"}
    assert all(step.was_protected and not step.stays_protected for step in steps)
    assert [step.goes for step in steps if step.op == "delete-replaced"] == [True]


def test_no_value_of_a_property_is_kept() -> None:
    assert "db.t4g.medium" in "".join(lines("replace")), "there are values in the stream"
    assert "db.t4g.medium" not in repr(stream("replace"))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda found: [], "is empty: the preview wrote nothing"),
        (lambda found: ["", "  "], "is empty: the preview wrote nothing"),
        (lambda found: found[: len(found) // 2], "ends before the summary of the preview: it was cut"),
        (lambda found: [*found[:20], found[20][:100]], "ends in the middle of an event (line 21): the stream was cut"),
        (lambda found: [*found[:3], "Previewing update (prod):", *found[3:]], "line 4 is no event of the engine"),
        (lambda found: ["error: no Pulumi.yaml project file found"], "line 1 is no event of the engine"),
        (lambda found: [*found, "[1, 2]"], "is no event of the engine"),
        (lambda found: [*found, '{"more": 1}'], "is no event of the engine"),
        (lambda found: [*found, *found], "holds 2 previews"),
        (lambda found: [line.replace('"isPreview":true', '"isPreview":false') for line in found], "update that has been done"),
        (lambda found: [line for line in found if BUCKET not in line], "lacks steps (delete) that its summary counts"),
        (lambda found: ['{"resourcePreEvent": {}}', *found], "line 1 is a step without an operation or a URN"),
        (
            lambda found: ['{"resourcePreEvent": {"metadata": {"op": "same", "urn": "x"}}}', *found],
            "without an operation or a URN",
        ),
        (lambda found: ['{"policyEvent": {"message": "?"}}', *found], "line 1 is a policy result without a name or a level"),
        (lambda found: [*found[:10], *lines("everything_goes")], "mixes steps of several stacks"),
    ],
)
def test_what_is_not_whole_is_refused(change: Callable[[Lines], Lines], sentence: str) -> None:
    with pytest.raises(Refused) as caught:
        read(change(lines("delete")), "stream.json")
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("stream.json")


def test_a_summary_without_steps_is_refused() -> None:
    summary = json.loads(lines("delete")[of_kind("delete", "summaryEvent")])
    summary["summaryEvent"]["resourceChanges"] = {}
    with pytest.raises(Refused, match="lacks any step, even for the stack itself"):
        read([json.dumps(summary)], "stream.json")


def test_the_default_form_of_json_is_told_apart() -> None:
    with pytest.raises(Refused, match="without PULUMI_ENABLE_STREAMING_JSON_PREVIEW=1"):
        stream("default_form")
    with pytest.raises(Refused, match="without PULUMI_ENABLE_STREAMING_JSON_PREVIEW=1"):
        read([json.dumps(json.loads("\n".join(lines("default_form"))))], "stream.json")


def test_a_policy_pack_that_cannot_be_loaded_leaves_no_summary() -> None:
    with pytest.raises(Refused, match="ends before the summary"):
        stream("pack_missing")


def test_an_older_cli_says_no_result() -> None:
    """Before ``result`` there were only the diagnostics of severity error."""
    without = [line.replace(',"result":"failed"', "").replace(',"result":"succeeded"', "") for line in lines("violated")]
    assert read(without, "stream.json").failed
    assert not read([line.replace(',"result":"succeeded"', "") for line in lines("same")], "stream.json").failed


@pytest.mark.parametrize("name", ["delete", "unprotect_and_replace", "violated"])
def test_no_beginning_of_a_stream_passes(name: str) -> None:
    """Wherever it is cut before its summary, it is refused."""
    found = lines(name)
    for end in range(of_kind(name, "summaryEvent") + 1):
        with pytest.raises(Refused):
            read(found[:end], "stream.json")


@given(st.lists(st.text(), max_size=5))
def test_rubbish_is_refused_and_never_a_traceback(rubbish: list[str]) -> None:
    with pytest.raises(Refused):
        read(rubbish, "stream.json")


@given(st.data())
def test_a_value_of_another_type_is_refused_or_read(data: st.DataObject) -> None:
    """One block of one event replaced by anything: no traceback."""
    found = lines("violated")
    index = data.draw(st.integers(0, len(found) - 1))
    event = json.loads(found[index])
    holder = event
    for _ in range(data.draw(st.integers(0, 3))):
        inner = [value for value in holder.values() if isinstance(value, dict) and value]
        holder = data.draw(st.sampled_from(inner)) if inner else holder
    key = data.draw(st.sampled_from(sorted(holder)))
    holder[key] = data.draw(st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2))
    try:
        read([*found[:index], json.dumps(event), *found[index + 1 :]], "stream.json")
    except Refused as refused:
        assert str(refused)
