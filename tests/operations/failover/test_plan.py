"""Who becomes what, and when a change of the writer is refused."""

from __future__ import annotations

import pytest

from operations.cloud.contract import Member
from operations.errors import Refused
from operations.failover.plan import make_plan


def writer(**changes: object) -> Member:
    return Member(**{"name": "a", "role": "writer", "state": "running", "healthy": True, **changes})  # type: ignore[arg-type]


def reader(name: str = "b", **changes: object) -> Member:
    given = {"name": name, "role": "reader", "state": "running", "healthy": True, "lag_seconds": 0.0, **changes}
    return Member(**given)  # type: ignore[arg-type]


def test_the_only_reader_takes_over() -> None:
    plan = make_plan("switchover", [writer(), reader(lag_seconds=0.25)], backend="aurora")
    assert (plan.writer, plan.target, plan.done) == ("a", "b", False)
    assert plan.lines == (
        "  a: writer (running) -> reader",
        "  b: reader (running, 0.2 s behind) -> writer",
        "Sessions end, and writes fail for a moment; nothing that was acknowledged is lost.",
    )


def test_among_several_the_provider_chooses_unless_one_is_named() -> None:
    members = [writer(), reader("b"), reader("c"), reader("d", healthy=False, state="stopped")]
    plan = make_plan("failover", members, backend="local")
    assert plan.target is None
    assert plan.lines[1:4] == (
        "  b: reader (running, 0.0 s behind) -> writer, if the provider chooses it",
        "  c: reader (running, 0.0 s behind) -> writer, if the provider chooses it",
        "  d: reader (stopped, 0.0 s behind) -> reader",
    )
    assert "has not sent to a reader yet is lost" in plan.lines[-1]
    named = make_plan("failover", members, backend="local", target="c")
    assert named.target == "c"
    assert named.lines[1:3] == ("  b: reader (running, 0.0 s behind) -> reader", "  c: reader (running, 0.0 s behind) -> writer")


@pytest.mark.parametrize("backend", ["rds", "cloudsql"])
def test_a_standby_that_is_no_member_takes_over(backend: str) -> None:
    plan = make_plan("failover", [writer(), reader(healthy=False)], backend=backend)
    assert (plan.target, plan.lines[0]) == (None, "  a: writer (running) -> the standby takes its place")


def test_a_lost_writer_and_an_unknown_lag_are_no_reason_against_a_failover() -> None:
    plan = make_plan("failover", [reader(lag_seconds=None)], backend="local")
    assert (plan.writer, plan.target) == ("", "b")


def test_a_writer_that_is_one_already_is_left_to_be_finished() -> None:
    plan = make_plan("switchover", [writer(), reader(healthy=False)], backend="local", target="a")
    assert (plan.done, plan.target, plan.lines) == (True, "a", ("a is the writer already.",))


@pytest.mark.parametrize("backend", ["rds", "cloudsql"])
def test_only_the_last_reader_can_leave_a_stack_that_counts_them(backend: str) -> None:
    members = [writer(), reader("shop-2"), reader("shop-10")]
    with pytest.raises(Refused, match=r"Only the last reader, shop-10, can leave: database\.readers counts them"):
        make_plan("promote", members, backend=backend, target="shop-2")
    assert make_plan("promote", members, backend=backend, target="shop-10").target == "shop-10"
    assert make_plan("promote", members, backend="local", target="shop-2").target == "shop-2"


def test_a_promoted_reader_leaves() -> None:
    plan = make_plan("promote", [writer(), reader(), reader("c")], backend="rds", target="c")
    assert plan.lines[:3] == (
        "  a: writer (running) -> writer",
        "  b: reader (running, 0.0 s behind) -> reader",
        "  c: reader (running, 0.0 s behind) -> a database of its own",
    )


@pytest.mark.parametrize(
    ("members", "target", "sentence"),
    [
        ([writer()], None, "no reader that could take over: raise database.readers"),
        ([writer(), reader(healthy=False, state="stopped")], None, "No healthy reader can take over: b is stopped."),
        ([writer(), reader(lag_seconds=40.0)], None, "b is 40.0 s behind, more than the 10 s allowed"),
        ([writer(), reader(), reader("c", lag_seconds=40.0)], "c", "c is 40.0 s behind"),
        ([writer(), reader()], "z", "has no server 'z': it has a, b"),
    ],
)
def test_refusals(members: list[Member], target: str | None, sentence: str) -> None:
    for kind in ("failover", "switchover"):
        with pytest.raises(Refused, match=sentence):
            make_plan(kind, members, backend="local", target=target)  # type: ignore[arg-type]


def test_only_a_reader_can_be_promoted() -> None:
    with pytest.raises(Refused, match="a is the writer: only a reader"):
        make_plan("promote", [writer(), reader()], backend="local", target="a")


def test_the_bound_on_the_lag_is_the_operators() -> None:
    assert make_plan("failover", [writer(), reader(lag_seconds=40.0)], backend="local", max_lag=60).target == "b"
