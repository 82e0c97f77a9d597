"""Facts: what is read from properties, in each of the forms that properties come in."""

from __future__ import annotations

from typing import Any

import pulumi_policy.deserialize
import pulumi_policy.proxy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.output import Unknown
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policies.resource import ABSENT, UNKNOWN, Resource, Stack, component_of, name_of, type_of
from policies.values import PLACEHOLDERS, SECRET, SIGNATURE, plain
from tests.policies.runtime_args import resource, runtime_props, urn_of

PROPS = {
    "storageEncrypted": True,
    "port": 5432,
    "ratio": 0.5,
    "none": None,
    "hidden": UNKNOWN,
    "settings": {"ipConfiguration": {"sslMode": "ENCRYPTED_ONLY", "hidden": UNKNOWN}},
    "rules": [{"port": 22, "cidrs": ["10.0.0.0/8"]}, {"cidrs": []}, {"port": UNKNOWN, "cidrs": [UNKNOWN]}],
    "containerDefinitions": '[{"name": "app", "privileged": true, "environment": []}, {"name": "log"}]',
    "policy": '{"Statement": [',
    "text": "plain",
}

FACTS = [
    ("storageEncrypted", True),
    ("port", 5432),
    ("ratio", 0.5),
    ("none", ABSENT),
    ("missing", ABSENT),
    ("missing.more", ABSENT),
    ("hidden", UNKNOWN),
    ("hidden.more[*].yet", UNKNOWN),
    ("settings.ipConfiguration.sslMode", "ENCRYPTED_ONLY"),
    ("settings.ipConfiguration.missing", ABSENT),
    ("settings.ipConfiguration.hidden", UNKNOWN),
    ("settings.ipConfiguration", {"sslMode": "ENCRYPTED_ONLY", "hidden": UNKNOWN}),
    ("port.more", ABSENT),
    ("text[0]", ABSENT),
    ("text[*]", ABSENT),
    ("rules[0].port", 22),
    ("rules[7].port", ABSENT),
    ("rules[*].port", (22, ABSENT, UNKNOWN)),
    ("rules[*].cidrs[*]", (("10.0.0.0/8",), (), (UNKNOWN,))),
    ("missing[*].port", ABSENT),
    ("containerDefinitions[0].privileged", True),
    ("containerDefinitions[*].privileged", (True, ABSENT)),
    ("policy.Statement[*].Effect", UNKNOWN),
]


@pytest.mark.parametrize(("path", "expected"), FACTS, ids=[path for path, _ in FACTS])
@pytest.mark.parametrize("runtime", [True, False], ids=["proxies", "plain"])
def test_fact(path: str, expected: Any, runtime: bool) -> None:
    found = resource("a:b:C", PROPS, runtime=runtime).fact(path)
    assert found == expected
    assert type(found) is type(expected)


def test_each_names_the_place() -> None:
    found = list(resource("a:b:C", PROPS).each("rules[*].cidrs[*]"))
    assert found == [("rules[0].cidrs[0]", "10.0.0.0/8"), ("rules[2].cidrs[0]", UNKNOWN)]
    assert list(resource("a:b:C", {}).each("rules[*].port")) == [("rules[*].port", ABSENT)]
    assert list(resource("a:b:C", {"rules": UNKNOWN}).each("rules[*].port")) == [("rules[*].port", UNKNOWN)]


def test_a_slice_of_a_proxy_does_not_leak_a_placeholder() -> None:
    assert plain(runtime_props({"items": ["a", UNKNOWN]})["items"][0:2]) == ["a", UNKNOWN]


@pytest.mark.parametrize(
    "secret",
    [
        {SIGNATURE: SECRET, "value": "x"},
        {SIGNATURE: SECRET, "value": {SIGNATURE: SECRET, "value": "x"}},
    ],
)
def test_a_secret_is_read_like_any_value(secret: Any) -> None:
    assert resource("a:b:C", {"password": secret}, runtime=False).fact("password") == "x"
    assert resource("a:b:C", {"a": {SIGNATURE: SECRET, "value": {"b": [1]}}}, runtime=False).fact("a.b[0]") == 1


def test_a_secret_that_cannot_be_read_is_unknown() -> None:
    assert resource("a:b:C", {"p": {SIGNATURE: SECRET, "ciphertext": "v1:"}}, runtime=False).fact("p") is UNKNOWN


def test_every_way_to_write_an_unknown() -> None:
    given = {"a": UNKNOWN_STRING_VALUE, "b": Unknown(), "c": UNKNOWN}
    assert [resource("a:b:C", given, runtime=False).fact(key) for key in "abc"] == [UNKNOWN] * 3


def test_the_marks_are_the_sdks() -> None:
    sdk = {value for name, value in vars(pulumi_policy.proxy).items() if name.startswith("UNKNOWN_")}
    assert sdk == PLACEHOLDERS
    assert pulumi_policy.deserialize.SPECIAL_SIG_KEY == SIGNATURE
    assert pulumi_policy.deserialize.SPECIAL_SECRET_SIG == SECRET


_LEAVES = st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_VALUES = st.recursive(
    _LEAVES | st.just(UNKNOWN), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(st.dictionaries(st.text(), _VALUES, max_size=4))
def test_proxies_read_as_what_they_stand_for(props: dict[str, Any]) -> None:
    assert plain(runtime_props(props)) == plain(props)


@given(st.dictionaries(st.sampled_from("abc"), _VALUES), st.text("abc.[*]0123", max_size=12))
def test_a_fact_never_raises(props: dict[str, Any], path: str) -> None:
    for runtime in (True, False):
        one = resource("a:b:C", props, runtime=runtime)
        one.fact(path)
        list(one.each(path))


def test_urns() -> None:
    urn = "urn:pulumi:prod::shop::managed-postgres:index:ManagedPostgres$aws:rds/cluster:Cluster::database::cluster"
    assert type_of(urn) == "aws:rds/cluster:Cluster"
    assert name_of(urn) == "database::cluster"
    assert type_of("") == ""


def test_the_nearest_component() -> None:
    component, inner = urn_of("managed-postgres:index:Backups", "backups"), urn_of("aws:s3/bucket:Bucket", "bucket")
    leaf = urn_of("aws:s3/bucketVersioning:BucketVersioning", "versioning")
    assert component_of(leaf, {leaf: inner, inner: component}) == "backups"
    assert component_of(leaf, {leaf: inner, inner: leaf}) == "", "a circle ends"


def test_a_stack_knows_its_edges() -> None:
    one = Resource(urn="1", type="t:A", name="one", props={})
    two = Resource(urn="2", type="t:B", name="two", props={}, depends_on=("1",), property_depends_on={"x": ("1",)}, parent="1")
    three = Resource(urn="3", type="t:A", name="three", props={}, property_depends_on={"y": ("2", "1")})
    stack = Stack("test", "dev", "aws", (one, two, three))
    assert stack.of_type("t:B", "t:A") == (one, two, three), "in the order of the stack"
    assert stack.referrers("1") == (two, three)
    assert stack.children("1") == (two,)
    assert stack.get("3") is three
    assert stack.get("4") is None
    assert stack.of_type("t:C") == stack.referrers("9") == stack.children("9") == ()
