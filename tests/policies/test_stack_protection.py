"""What holds data is protected."""

from __future__ import annotations

import pytest

from policies.resource import UNKNOWN, Stack
from policies.rules.aws.types import BUCKET, KEY, SECRET
from policies.stack.protection import RULES, UNPROTECTED
from policies.stateful import STATEFUL
from policies.verdict import Undecided
from tests.policies.runtime_args import resource, urn_of
from tests.policies.stacks import changed, of, real, told

RULE = of(RULES, "data-protected")


@pytest.mark.parametrize("name", ["prod", "gcp-prod"])
def test_prod_is_protected(name: str) -> None:
    stack = real(name)
    assert told(RULE, stack) == []
    assert len(stack.of_type(*STATEFUL)) > 12, "there is something to protect"


@pytest.mark.parametrize("name", ["prod", "gcp-prod"])
def test_each_of_them_is_missed(name: str) -> None:
    stack = real(name)
    for one in (one for one in stack.of_type(*STATEFUL) if one.protect):
        called_back = one.type == SECRET and one.fact("recoveryWindowInDays") == 30
        missed = [] if called_back else [(one.name, f"the resource option protect must be true: it holds {STATEFUL[one.type]}")]
        assert told(RULE, changed(stack, one.name, protect=False)) == missed, one.name


def test_every_exemption_is_used() -> None:
    """An exemption that nothing needs hides the next mistake."""
    bare = [one for name in ("prod", "gcp-prod") for one in real(name).of_type(*STATEFUL) if not one.protect]
    used = {key for one in bare for key in ((one.type, one.component), ("*", one.component)) if key in UNPROTECTED}
    assert used == set(UNPROTECTED)


@pytest.mark.parametrize(
    ("stack", "name", "path"),
    [
        ("prod", "bucket-static-bucket", "forceDestroy"),
        ("prod", "network-logs", "forceDestroy"),
        ("prod", "backups-vault", "forceDestroy"),
        ("prod", "network-repository-api", "forceDelete"),
        ("gcp-prod", "backups-bucket", "forceDestroy"),
    ],
)
def test_what_is_deleted_with_all_that_is_in_it(stack: str, name: str, path: str) -> None:
    assert told(RULE, changed(real(stack), name, {path: True})) == [
        (name, f"{path} must not be true: it is deleted with all that is in it")
    ]
    assert told(RULE, changed(real(stack), name, {path: None})) == []
    urn = next(one.urn for one in real(stack).resources if one.name == name)
    assert told(RULE, changed(real(stack), name, {path: UNKNOWN})) == [Undecided((path,), urn)]


@pytest.mark.parametrize(("days", "enough"), [(None, True), (30, True), (7, True), (6, False), (0, False)])
def test_a_secret_that_can_be_called_back(days: int | None, enough: bool) -> None:
    props = {} if days is None else {"recoveryWindowInDays": days}
    stack = Stack("test", "prod", "aws", (resource(SECRET, props, runtime=False),))
    assert (told(RULE, stack) == []) is enough


def test_a_window_that_is_not_known_yet() -> None:
    stack = Stack("test", "prod", "aws", (resource(SECRET, {"recoveryWindowInDays": UNKNOWN}, runtime=False),))
    assert told(RULE, stack) == [Undecided(("recoveryWindowInDays",), urn_of(SECRET))]


def test_an_exemption_is_for_its_component_only() -> None:
    stack = Stack("test", "prod", "aws", tuple(resource(t, {}, runtime=False, component="bucket-a") for t in (BUCKET, KEY)))
    assert len(told(RULE, stack)) == 2


def test_other_types_are_not_asked() -> None:
    assert told(RULE, Stack("test", "prod", "aws", (resource("aws:ec2/vpc:Vpc", {}, runtime=False),))) == []
