"""From one cloud to the other by the stack file alone: the reference stack, and its outputs name by name."""

from __future__ import annotations

from typing import Any

import pytest

from components.tiers import merge
from tests.recorder import main, record
from tests.test_main import stack_file

SWITCH: dict[str, dict[str, Any]] = {
    "dev": {"provider": "gcp"},
    # a zone is an id here and a name there; a pooler is a service of its own here and a feature of the better edition there
    "prod": {"provider": "gcp", "ingress": {"dns_zone": "example-com"}, "database": {"edition": "enterprise-plus"}},
}
"""All that changes in Pulumi.dev.yaml and Pulumi.prod.yaml, besides the region of Pulumi's own provider."""


def names(outputs: Any) -> Any:
    """*outputs* without their values; alarms have names of each cloud's own metrics, handles those of its interface."""
    if isinstance(outputs, dict):
        return {key: None if key in ("alarms", "handles") else names(value) for key, value in outputs.items()}
    return None


@pytest.mark.parametrize("stack", SWITCH)
def test_a_stack_file_moves_to_google_cloud(stack: str) -> None:
    of_aws = stack_file(stack)
    of_gcp = {key: value for key, value in merge(of_aws, SWITCH[stack]).items() if not key.startswith("aws:")}
    here, there = (record(main, given, stack_name=stack).outputs for given in (of_aws, of_gcp))
    assert names(here) == names(there)
    for key, value in there.items():
        assert value, f"{key} is empty on gcp"
    for key in ("name", "username", "admin_username"):
        assert here["database"][key] == there["database"][key]


@pytest.mark.parametrize(("google", "stack"), [("gcp-dev", "dev"), ("gcp-prod", "prod")])
def test_both_clouds_stack_files_say_the_same(google: str, stack: str) -> None:
    """The reference application is one; what the two files differ in is what the clouds differ in."""
    here, there = stack_file(stack), stack_file(google)
    for key in ("app", "tier", "jobs", "cache", "buckets", "alarms"):
        assert here.get(key) == there.get(key), key
    assert here["services"].keys() == there["services"].keys()
